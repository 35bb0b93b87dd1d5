package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

import org.moe4j.tensor.HostInts;

/** Single columns of each row, picked by number or by size. */
final class Columns {
    private Columns() {}

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
            new ProductKeys(n, half, k).rows(Math.min(each, rows - r), a.array(), a.offset() + r * n, b.array(), b.offset() + r * n,
                    values.array(), values.offset() + r * k, ids.array(), ids.from() + r * k);
        });
    }
}
