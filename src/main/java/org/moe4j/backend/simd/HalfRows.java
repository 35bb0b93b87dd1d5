package org.moe4j.backend.simd;

import java.util.Arrays;
import org.moe4j.backend.HalfStorage;
import org.moe4j.tensor.HostInts;

/**
 * {@link TableRows} of a table of bfloat16 values: rows are widened into working memory, {@value #TOGETHER} at a time, and the products are
 * made with these. Reading them so keeps as many cache misses in flight as reading them in the product does, and they are half as many.
 */
final class HalfRows {
    private static final int TOGETHER = 16;

    private HalfRows() {}

    static void gather(Team team, HalfStorage table, int width, HostInts rows, FloatStorage y) {
        team.rows(rows.length(), width, i -> {
            int at = y.offset() + i * width;
            if (rows.get(i) < 0) Arrays.fill(y.array(), at, at + width, 0);
            else Halves.widen(table.array(), table.offset() + rows.get(i) * width, y.array(), at, width);
        });
    }

    /** As {@link TableRows#dots}. */
    static void dots(float[] x, int ix, HalfStorage table, int width, int[] ids, int from, int n, float[] s, int is, boolean add) {
        float[] wide = Scratch.mine().wide(TOGETHER * width);
        int[] places = Scratch.mine().places(TOGETHER);
        for (int j = 0; j < n; j += TOGETHER) {
            int count = widen(table, width, ids, from + j, Math.min(TOGETHER, n - j), wide, places);
            TableRows.dots(x, ix, wide, 0, width, places, 0, count, s, is + j, add);
        }
    }

    /** As {@link TableRows#sum}, in the same order. */
    static void sum(float[] weights, int iw, HalfStorage table, int width, int[] ids, int from, int n, float[] y, int iy, boolean add) {
        float[] wide = Scratch.mine().wide(TOGETHER * width);
        int[] places = Scratch.mine().places(TOGETHER);
        if (!add) Arrays.fill(y, iy, iy + width, 0);
        for (int j = 0; j < n; j += TOGETHER) {
            int count = widen(table, width, ids, from + j, Math.min(TOGETHER, n - j), wide, places);
            TableRows.sum(weights, iw + j, wide, 0, width, places, 0, count, y, iy, true);
        }
    }

    /**
     * Rows ids[from..] one after the other; {@code places} says where, -1 for an empty slot, in the place of which the table's first row is read: a
     * table without rows has only empty slots.
     */
    private static int widen(HalfStorage table, int width, int[] ids, int from, int count, float[] wide, int[] places) {
        int[] rows = Scratch.mine().rows(TOGETHER);
        for (int i = 0; i < TOGETHER; i++) {
            int row = i < count ? ids[from + i] : -1;
            places[i] = row < 0 ? -1 : i;
            rows[i] = Math.max(0, row);
        }
        for (int i = 0; i < count && table.length() > 0; i += Halves.TOGETHER) {
            Halves.widenEight(table.array(), table.offset(), rows, i, wide, i * width, width);
        }
        return count;
    }
}
