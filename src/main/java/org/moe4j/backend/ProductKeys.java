package org.moe4j.backend;

import java.util.function.IntFunction;
import java.util.function.LongFunction;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * Retrieval by product keys, of a back end that has no kernel for it: both sides' scores by products, then the best pairs, for some rows at a time; group by
 * group, so that what belongs to the rows is put in that order and back.
 */
final class ProductKeys {
    /** Rows whose scores are held at once: 4 MB with 1024 sub-keys a side, for the last cache. */
    private static final int TILE = 512;

    private ProductKeys() {}

    static void retrieve(Backend on, Storage q, Storage first, Storage second, int rows, int groups, int n, int width, int k, Storage values, IntStorage ids,
            LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        int group = rows / groups;
        int most = Math.min(TILE, group);
        Storage bySide = work.apply(2L * rows * width);
        Storage scores = work.apply(2L * most * n);
        Storage sums = groups == 1 ? values : work.apply((long) rows * k);
        IntStorage found = groups == 1 ? ids : lists.apply(rows * k);
        long apart = 2L * groups * width;
        on.move(new int[] {2, groups, group, width}, new Strided(q, 0, new long[] {width, 2L * width, apart, 1}), rowMajor(bySide, 2, groups, group, width), false);
        for (int from = 0, size; from < rows; from += size) {
            size = Math.min(most, group - from % group);
            Storage a = scores.slice(0, (long) size * n);
            Storage b = scores.slice((long) most * n, (long) size * n);
            long keys = (long) from / group * n * width;
            on.gemm(false, true, size, n, width, bySide.slice((long) from * width, (long) size * width), first.slice(keys, (long) n * width), a, false);
            on.gemm(false, true, size, n, width, bySide.slice((long) (rows + from) * width, (long) size * width), second.slice(keys, (long) n * width), b, false);
            on.productTopK(a, b, size, n, Math.min(k, n), k, sums.slice((long) from * k, (long) size * k), found.slice(from * k, size * k));
        }
        if (groups > 1) {
            int[] slots = {group, groups, k};
            on.move(slots, new Strided(sums, 0, new long[] {k, (long) group * k, 1}), rowMajor(values, slots), false);
            on.copyInts(slots, found, new int[] {k, group * k, 1}, ids);
        }
    }

    static void gradient(Backend on, int side, Storage q, Storage keys, int rows, int groups, int n, int width, int k, IntStorage ids, Storage dy,
            Storage dq, boolean addQ, Storage dkeys, boolean addKeys, LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        int group = rows / groups;
        int[] slots = {groups, group, k};
        IntStorage byGroup = lists.apply(rows * k);
        IntStorage found = lists.apply(rows * k);
        Storage weights = work.apply((long) rows * k);
        on.copyInts(slots, ids, new int[] {k, groups * k, 1}, byGroup);
        on.divideInts(byGroup, n, side == 1, group * k, n, found);
        on.move(slots, new Strided(dy, 0, new long[] {k, (long) groups * k, 1}), rowMajor(weights, slots), false);
        int[] half = {groups, group, width};
        long[] inQueries = {2L * width, 2L * groups * width, 1};
        Storage rowsOfSide = work.apply((long) rows * width);
        if (dq != null) {
            on.gatherSum(weights, keys, width, found, k, rowsOfSide, false);
            on.move(half, rowMajor(rowsOfSide, half), new Strided(dq, (long) side * width, inQueries), addQ);
        }
        if (dkeys != null) {
            on.move(half, new Strided(q, (long) side * width, inQueries), rowMajor(rowsOfSide, half), false);
            RowSums sums = new RowSums(on.rowIndex(found, lists), weights, rowsOfSide, k, width);
            on.tableGradient(sums, dkeys, addKeys, work.apply(sums.size()));
        }
    }

    private static Strided rowMajor(Storage x, int... dims) {
        return new Strided(x, 0, Shape.of(dims).strides());
    }
}
