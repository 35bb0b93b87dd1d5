package org.moe4j.tensor;

import java.util.function.IntFunction;

/**
 * The distinct rows that a list of row numbers touches, and who touches them: place {@code p} of the list stands in
 * {@code order} between {@code starts[u]} and {@code starts[u + 1]} where {@code rows[u]} is its row. Rows ascend, and so
 * do the places within a row, which fixes the order of every sum made with it. Negative row numbers (dropped slots) are
 * left out.
 *
 * <p>A back end that would have to wait to learn how many rows there are gives as many as there can be; those at the end are
 * then -1, and no place stands in them.
 */
public record RowIndex(IntStorage rows, IntStorage starts, IntStorage order) {
    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    public static RowIndex of(int... ids) {
        return of(new HostInts(ids, 0, ids.length), HostInts::allocate);
    }

    /** @param memory gives a list of the length wanted for what is found */
    public static RowIndex of(HostInts ids, IntFunction<? extends IntStorage> memory) {
        Work work = WORK.get();
        work.grow(ids.length());
        long[] keyed = work.keys;
        int n = 0;
        for (int p = 0; p < ids.length(); p++) {
            if (ids.get(p) >= 0) {
                keyed[n++] = (long) ids.get(p) << 32 | p;
            }
        }
        keyed = RadixSort.ascending(keyed, work.spare, n);
        HostInts order = HostInts.of(memory.apply(n));
        int u = 0;
        for (int i = 0; i < n; i++) {
            int row = (int) (keyed[i] >>> 32);
            order.set(i, (int) keyed[i]);
            if (i == 0 || work.rows[u - 1] != row) {
                work.rows[u] = row;
                work.starts[u++] = i;
            }
        }
        work.starts[u] = n;
        return new RowIndex(copy(work.rows, u, memory), copy(work.starts, u + 1, memory), order);
    }

    private static HostInts copy(int[] numbers, int length, IntFunction<? extends IntStorage> memory) {
        HostInts copy = HostInts.of(memory.apply(length));
        System.arraycopy(numbers, 0, copy.array(), copy.from(), length);
        return copy;
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

    /** The number of distinct rows, or as many as there can be. */
    public int count() {
        return rows.length();
    }

    /** Whether {@link #count} is the number of distinct rows, known without waiting. */
    public boolean isCounted() {
        return rows instanceof HostInts;
    }
}
