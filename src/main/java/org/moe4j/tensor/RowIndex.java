package org.moe4j.tensor;

import java.util.Arrays;

/**
 * The distinct rows that a list of row numbers touches, and who touches them: place {@code p} of the list stands in
 * {@code order} between {@code starts[u]} and {@code starts[u + 1]} where {@code rows[u]} is its row. Rows ascend, and so
 * do the places within a row, which fixes the order of every sum made with it. Negative row numbers (dropped slots) are
 * left out.
 */
public record RowIndex(int[] rows, int[] starts, int[] order) {
    public static RowIndex of(int[] ids) {
        long[] keyed = new long[ids.length];
        int n = 0;
        for (int p = 0; p < ids.length; p++) {
            if (ids[p] >= 0) {
                keyed[n++] = (long) ids[p] << 32 | p;
            }
        }
        RadixSort.ascending(keyed, n);
        int[] order = new int[n];
        int[] rows = new int[n];
        int[] starts = new int[n + 1];
        int u = 0;
        for (int i = 0; i < n; i++) {
            int row = (int) (keyed[i] >>> 32);
            order[i] = (int) keyed[i];
            if (i == 0 || rows[u - 1] != row) {
                rows[u] = row;
                starts[u++] = i;
            }
        }
        starts[u] = n;
        return new RowIndex(Arrays.copyOf(rows, u), Arrays.copyOf(starts, u + 1), order);
    }

    /** The number of distinct rows. */
    public int count() {
        return rows.length;
    }
}
