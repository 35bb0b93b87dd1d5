package org.moe4j.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
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
    private static final ThreadLocal<List<Range>> RANGES = ThreadLocal.withInitial(ArrayList::new);

    /** Runs a body for all numbers below a count, perhaps in several threads at once. */
    public interface Tasks {
        void run(int count, IntConsumer body);
    }

    public static RowIndex of(int... ids) {
        return of(new HostInts(ids, 0, ids.length), HostInts::allocate);
    }

    /** @param memory gives a list of the length wanted for what is found */
    public static RowIndex of(HostInts ids, IntFunction<? extends IntStorage> memory) {
        return of(ids, memory, 1, (_, body) -> body.accept(0));
    }

    /** The same, with as many ranges of rows as there are {@code parts}, each of them picked out and sorted by a task of its own. */
    public static RowIndex of(HostInts ids, IntFunction<? extends IntStorage> memory, int parts, Tasks tasks) {
        List<Range> ranges = RANGES.get();
        while (ranges.size() < parts) {
            ranges.add(new Range());
        }
        long end = 1L + largest(ids);
        tasks.run(parts, p -> ranges.get(p).sort(ids, (int) (end * p / parts), (int) (end * (p + 1) / parts - 1)));
        int places = 0;
        int distinct = 0;
        for (Range range : ranges.subList(0, parts)) {
            range.firstPlace = places;
            range.firstRow = distinct;
            places += range.places;
            distinct += range.distinct;
        }
        HostInts order = HostInts.of(memory.apply(places));
        HostInts rows = HostInts.of(memory.apply(distinct));
        HostInts starts = HostInts.of(memory.apply(distinct + 1));
        tasks.run(parts, p -> ranges.get(p).write(rows, starts, order));
        starts.set(distinct, places);
        return new RowIndex(rows, starts, order);
    }

    private static int largest(HostInts ids) {
        int[] list = ids.array();
        int largest = -1;
        for (int p = ids.from(); p < ids.from() + ids.length(); p++) {
            largest = Math.max(largest, list[p]);
        }
        return largest;
    }

    /** What is found of a range of rows. Its memory is kept: a training step sorts several lists, and leaves only what it found on the heap. */
    private static final class Range {
        private long[] keys = new long[0];
        private long[] spare = new long[0];
        private long[] sorted;
        private int[] rows = new int[0];
        private int[] starts = new int[0];
        private int places;
        private int distinct;
        private int firstPlace;
        private int firstRow;

        /** Rows {@code low} to {@code high}, both included. */
        void sort(HostInts ids, int low, int high) {
            grow(ids.length());
            int[] list = ids.array();
            int from = ids.from();
            int n = 0;
            for (int p = 0; p < ids.length(); p++) { // no branch: which of two ranges a row is in can't be foreseen
                int row = list[from + p];
                keys[n] = (long) row << 32 | p;
                n += row >= low && row <= high ? 1 : 0;
            }
            sorted = RadixSort.ascending(keys, spare, n);
            int u = 0;
            int before = -1;
            for (int i = 0; i < n; i++) {
                int row = (int) (sorted[i] >>> 32);
                if (row != before) {
                    rows[u] = row;
                    starts[u++] = i;
                    before = row;
                }
            }
            places = n;
            distinct = u;
        }

        void write(HostInts allRows, HostInts allStarts, HostInts order) {
            System.arraycopy(rows, 0, allRows.array(), allRows.from() + firstRow, distinct);
            for (int u = 0; u < distinct; u++) {
                allStarts.set(firstRow + u, firstPlace + starts[u]);
            }
            for (int i = 0; i < places; i++) {
                order.set(firstPlace + i, (int) sorted[i]);
            }
        }

        private void grow(int n) {
            if (keys.length < n + 1) { // one more than there can be: what is not of the range is written there too
                keys = new long[n + 1];
                spare = new long[n + 1];
                rows = new int[n];
                starts = new int[n];
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
