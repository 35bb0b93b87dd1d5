package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.tensor.HostInts;

/**
 * Products with scattered rows of a large table. Rows are taken four at a time: the four share the loads of the other
 * operand and, what counts more, have four cache misses in flight at once. Negative row numbers are empty slots.
 */
final class TableRows {
    private TableRows() {}

    static void gather(Team team, FloatStorage table, int width, HostInts rows, FloatStorage y) {
        team.rows(rows.length(), width, i -> {
            int at = y.offset() + i * width;
            if (rows.get(i) < 0) Arrays.fill(y.array(), at, at + width, 0);
            else System.arraycopy(table.array(), table.offset() + rows.get(i) * width, y.array(), at, width);
        });
    }

    /** Each task owns a range of the table and looks for its rows in the order of the list. */
    static void scatterAdd(Team team, FloatStorage x, int width, HostInts rows, FloatStorage table) {
        int held = width == 0 ? 0 : table.length() / width;
        int parts = (int) Math.min(64, ((long) rows.length() * width + Team.CHUNK - 1) / Team.CHUNK);
        team.parallel(parts, part -> {
            int low = (int) ((long) held * part / parts);
            int high = (int) ((long) held * (part + 1) / parts);
            for (int i = 0; i < rows.length(); i++) {
                if (rows.get(i) < low || rows.get(i) >= high) continue;
                Runs.add(x.array(), x.offset() + i * width, table.array(), table.offset() + rows.get(i) * width, width);
            }
        });
    }

    /** s[j] = or += x · table[ids[j]] for the {@code n} places from {@code from}; 0 for an empty slot. */
    static void dots(float[] x, int ix, float[] table, int it, int width, int[] ids, int from, int n, float[] s, int is, boolean add) {
        int j = 0;
        for (; j + 4 <= n; j += 4) {
            int r0 = ids[from + j];
            int r1 = ids[from + j + 1];
            int r2 = ids[from + j + 2];
            int r3 = ids[from + j + 3];
            if ((r0 | r1 | r2 | r3) < 0) {
                for (int i = j; i < j + 4; i++) dot(x, ix, table, it, width, ids[from + i], s, is + i, add);
            } else {
                fourDots(x, ix, table, it + r0 * width, it + r1 * width, it + r2 * width, it + r3 * width, width, s, is + j, add);
            }
        }
        for (; j < n; j++) dot(x, ix, table, it, width, ids[from + j], s, is + j, add);
    }

    private static void dot(float[] x, int ix, float[] table, int it, int width, int row, float[] s, int at, boolean add) {
        float value = 0;
        if (row >= 0) {
            FloatVector sum = zero(F);
            int i = 0;
            for (; i <= width - L; i += L) sum = fromArray(F, x, ix + i).fma(fromArray(F, table, it + row * width + i), sum);
            value = Runs.total(sum);
            for (; i < width; i++) value = Math.fma(x[ix + i], table[it + row * width + i], value);
        }
        s[at] = add ? s[at] + value : value;
    }

    /** The same sums in the same order as four calls of {@link #dot}. */
    private static void fourDots(float[] x, int ix, float[] table, int r0, int r1, int r2, int r3, int width, float[] s, int at, boolean add) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        FloatVector s2 = zero(F);
        FloatVector s3 = zero(F);
        int i = 0;
        for (; i <= width - L; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            s0 = v.fma(fromArray(F, table, r0 + i), s0);
            s1 = v.fma(fromArray(F, table, r1 + i), s1);
            s2 = v.fma(fromArray(F, table, r2 + i), s2);
            s3 = v.fma(fromArray(F, table, r3 + i), s3);
        }
        float t0 = Runs.total(s0);
        float t1 = Runs.total(s1);
        float t2 = Runs.total(s2);
        float t3 = Runs.total(s3);
        for (; i < width; i++) {
            t0 = Math.fma(x[ix + i], table[r0 + i], t0);
            t1 = Math.fma(x[ix + i], table[r1 + i], t1);
            t2 = Math.fma(x[ix + i], table[r2 + i], t2);
            t3 = Math.fma(x[ix + i], table[r3 + i], t3);
        }
        s[at] = add ? s[at] + t0 : t0;
        s[at + 1] = add ? s[at + 1] + t1 : t1;
        s[at + 2] = add ? s[at + 2] + t2 : t2;
        s[at + 3] = add ? s[at + 3] + t3 : t3;
    }

    /** y = or += sum over the n places from {@code from} of weight[place] table[ids[place]]; weights null means all 1. */
    static void sum(float[] weights, int iw, float[] table, int it, int width, int[] ids, int from, int n, float[] y, int iy, boolean add) {
        if (!add) Arrays.fill(y, iy, iy + width, 0);
        int j = 0;
        for (; j + 4 <= n; j += 4) {
            int p = from + j;
            if ((ids[p] | ids[p + 1] | ids[p + 2] | ids[p + 3]) < 0) {
                for (int i = j; i < j + 4; i++) addRow(weights, iw + i, table, it, width, ids[from + i], y, iy);
            } else {
                addFour(weight(weights, iw + j), table, it + ids[p] * width, weight(weights, iw + j + 1), it + ids[p + 1] * width,
                        weight(weights, iw + j + 2), it + ids[p + 2] * width, weight(weights, iw + j + 3), it + ids[p + 3] * width, width, y, iy);
            }
        }
        for (; j < n; j++) addRow(weights, iw + j, table, it, width, ids[from + j], y, iy);
    }

    private static void addRow(float[] weights, int iw, float[] table, int it, int width, int row, float[] y, int iy) {
        if (row >= 0) Runs.axpy(weight(weights, iw), table, it + row * width, y, iy, width);
    }

    private static float weight(float[] weights, int at) {
        return weights == null ? 1 : weights[at];
    }

    /** y += w0 r0 + w1 r1 + w2 r2 + w3 r3, added in that order. */
    private static void addFour(float w0, float[] table, int r0, float w1, int r1, float w2, int r2, float w3, int r3, int width, float[] y, int iy) {
        FloatVector v0 = broadcast(F, w0);
        FloatVector v1 = broadcast(F, w1);
        FloatVector v2 = broadcast(F, w2);
        FloatVector v3 = broadcast(F, w3);
        int i = 0;
        for (; i <= width - L; i += L) {
            FloatVector sum = v0.fma(fromArray(F, table, r0 + i), fromArray(F, y, iy + i));
            sum = v1.fma(fromArray(F, table, r1 + i), sum);
            sum = v2.fma(fromArray(F, table, r2 + i), sum);
            v3.fma(fromArray(F, table, r3 + i), sum).intoArray(y, iy + i);
        }
        for (; i < width; i++) {
            float sum = Math.fma(w0, table[r0 + i], y[iy + i]);
            sum = Math.fma(w1, table[r1 + i], sum);
            sum = Math.fma(w2, table[r2 + i], sum);
            y[iy + i] = Math.fma(w3, table[r3 + i], sum);
        }
    }

    /** grad = or += sum over order[from..to) of coefficient[p] source[p / perRow]; coefficients null means all 1. */
    static void segment(int[] order, int from, int to, float[] coefficients, int ic, float[] source, int is, int perRow,
            int width, float[] grad, int ig, boolean add) {
        if (!add) Arrays.fill(grad, ig, ig + width, 0);
        int i = from;
        for (; i + 4 <= to; i += 4) {
            int p0 = order[i];
            int p1 = order[i + 1];
            int p2 = order[i + 2];
            int p3 = order[i + 3];
            addFour(weight(coefficients, ic + p0), source, is + p0 / perRow * width, weight(coefficients, ic + p1), is + p1 / perRow * width,
                    weight(coefficients, ic + p2), is + p2 / perRow * width, weight(coefficients, ic + p3), is + p3 / perRow * width,
                    width, grad, ig);
        }
        for (; i < to; i++) {
            int p = order[i];
            Runs.axpy(weight(coefficients, ic + p), source, is + p / perRow * width, grad, ig, width);
        }
    }
}
