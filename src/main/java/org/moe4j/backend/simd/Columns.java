package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;

import org.moe4j.tensor.HostInts;

/** Columns of matrices: summed, or single ones of each row picked by number or by size. */
final class Columns {
    /** Columns summed together: four chains of additions, which hide each other's latency, and whole cache lines of each row. */
    private static final int STRIP = 4 * L;
    /** Rows summed together: memory answers sooner where rows are read from end to end. */
    private static final int BAND = 16;

    private Columns() {}

    /** sums[j] += x[0,j] + x[1,j] + ..., each column added up by one thread from the first row to the last; {@code ld} from row to row. */
    static void addSums(Team team, int rows, int cols, float[] x, int ix, int ld, float[] sums, int to) {
        int each = Math.max(Sgemm.blocks(Team.rowsATask(rows), STRIP), Sgemm.blocks(cols, team.size() * STRIP)) * STRIP;
        team.parallel(Sgemm.blocks(cols, each), task -> {
            int count = Math.min(each, cols - task * each);
            for (int r = 0; r < rows; r += BAND) addBand(Math.min(BAND, rows - r), count, x, ix + task * each + r * ld, ld, sums, to + task * each);
        });
    }

    private static void addBand(int rows, int cols, float[] x, int ix, int ld, float[] sums, int to) {
        int j = 0;
        for (; j <= cols - STRIP; j += STRIP) addStrip(rows, x, ix + j, ld, sums, to + j);
        for (; j <= cols - L; j += L) addVector(rows, x, ix + j, ld, sums, to + j);
        for (; j < cols; j++) {
            for (int r = 0; r < rows; r++) sums[to + j] += x[ix + j + r * ld];
        }
    }

    private static void addStrip(int rows, float[] x, int at, int ld, float[] sums, int to) {
        FloatVector s0 = fromArray(F, sums, to);
        FloatVector s1 = fromArray(F, sums, to + L);
        FloatVector s2 = fromArray(F, sums, to + 2 * L);
        FloatVector s3 = fromArray(F, sums, to + 3 * L);
        for (int r = 0; r < rows; r++, at += ld) {
            s0 = s0.add(fromArray(F, x, at));
            s1 = s1.add(fromArray(F, x, at + L));
            s2 = s2.add(fromArray(F, x, at + 2 * L));
            s3 = s3.add(fromArray(F, x, at + 3 * L));
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + L);
        s2.intoArray(sums, to + 2 * L);
        s3.intoArray(sums, to + 3 * L);
    }

    private static void addVector(int rows, float[] x, int at, int ld, float[] sums, int to) {
        FloatVector sum = fromArray(F, sums, to);
        for (int r = 0; r < rows; r++, at += ld) sum = sum.add(fromArray(F, x, at));
        sum.intoArray(sums, to);
    }

    /** y[r,j] = x[r, columns[r,j]]; 0 for an empty slot. */
    static void gather(Team team, FloatStorage x, int rows, int cols, HostInts columns, int k, FloatStorage y) {
        team.rows(rows, k, r -> {
            for (int j = r * k; j < (r + 1) * k; j++) {
                y.array()[y.offset() + j] = columns.get(j) < 0 ? 0 : x.array()[x.offset() + r * cols + columns.get(j)];
            }
        });
    }

    /** x[r, columns[r,j]] += y[r,j]. */
    static void scatterAdd(Team team, FloatStorage y, int rows, int cols, HostInts columns, int k, FloatStorage x) {
        team.rows(rows, k, r -> {
            for (int j = r * k; j < (r + 1) * k; j++) {
                if (columns.get(j) >= 0) x.array()[x.offset() + r * cols + columns.get(j)] += y.array()[y.offset() + j];
            }
        });
    }

    static void topK(Team team, FloatStorage x, int rows, int cols, int k, FloatStorage values, HostInts columns) {
        if (k == 0) return;
        int each = Sgemm.blocks(Team.rowsATask(cols + 16 * k), L) * L;
        team.parallel(Sgemm.blocks(rows, each), task -> {
            int r = task * each;
            TopK.rows(Math.min(each, rows - r), x.array(), x.offset() + r * cols, cols, k, values.array(), values.offset() + r * k, columns.array(), columns.from() + r * k);
        });
    }

    static void productTopK(Team team, FloatStorage a, FloatStorage b, int rows, int n, int half, int k, FloatStorage values, HostInts ids) {
        int each = Sgemm.blocks(Team.rowsATask(2 * n + 64 * k), L) * L;
        team.parallel(Sgemm.blocks(rows, each), task -> {
            int r = task * each;
            int count = Math.min(each, rows - r);
            ProductKeys keys = new ProductKeys(n, half, k, each);
            keys.candidates(0, 0, count, a.array(), a.offset() + r * n, n);
            keys.candidates(1, 0, count, b.array(), b.offset() + r * n, n);
            keys.sums(count, values.array(), values.offset() + r * k, ids.array(), ids.from() + r * k, k);
        });
    }
}
