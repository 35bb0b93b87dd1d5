package org.moe4j.tensor;

import java.util.Arrays;

/**
 * The distinct rows that a list of row numbers touches, and who touches them: place {@code p} of the list stands in
 * {@code order} between {@code starts[u]} and {@code starts[u + 1]} where {@code rows[u]} is its row. Rows ascend, and so
 * do the places within a row, which fixes the order of every sum made with it. Negative row numbers (dropped slots) are
 * left out.
 */
public record RowIndex(int[] rows, int[] starts, int[] order) {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    public static RowIndex of(int[] ids) {
        Work work = WORK.get();
        work.grow(ids.length);
        long[] keyed = work.keys;
        int n = 0;
        for (int p = 0; p < ids.length; p++) {
            if (ids[p] >= 0) {
                keyed[n++] = (long) ids[p] << 32 | p;
            }
        }
        keyed = RadixSort.ascending(keyed, work.spare, n);
        int[] order = new int[n];
        int u = 0;
        for (int i = 0; i < n; i++) {
            int row = (int) (keyed[i] >>> 32);
            order[i] = (int) keyed[i];
            if (i == 0 || work.rows[u - 1] != row) {
                work.rows[u] = row;
                work.starts[u++] = i;
            }
        }
        work.starts[u] = n;
        return new RowIndex(Arrays.copyOf(work.rows, u), Arrays.copyOf(work.starts, u + 1), order);
    }

    /** Working memory of one thread, kept: a training step sorts several lists, and leaves only what it found on the heap. */
    private static final class Work {
        long[] keys = new long[0];
        long[] spare = new long[0];
        int[] rows = new int[0];
        int[] starts = new int[0];

        void grow(int n) {
            if (starts.length < n + 1) {
                keys = new long[n];
                spare = new long[n];
                rows = new int[n];
                starts = new int[n + 1];
            }
        }
    }

    /** The number of distinct rows. */
    public int count() {
        return rows.length;
    }
}
