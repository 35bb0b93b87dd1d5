package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.IntFunction;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;

/** Lists of whole numbers, sorted and indexed on the device: lists.cu. */
final class Lists {
    private static final int BLOCK = 256;
    private static final int TILE = 8 * BLOCK;
    private static final int DIGITS = 256;
    private static final int DIGIT_BITS = 8;

    private final Device device;

    Lists(Device device) {
        this.device = device;
    }

    /** A list in ascending order, with the place that each number had; equals stay in order. Empty slots come last, as {@code empty}. */
    private record Sorted(DeviceInts numbers, DeviceInts places) {}

    /** @param empty above every number
     *  @param scratch has what is found, too */
    private Sorted sort(DeviceInts list, int empty, Scratch scratch) {
        int n = list.length();
        int tiles = Math.ceilDiv(n, TILE);
        DeviceInts counts = scratch.ints(DIGITS * tiles);
        DeviceInts totals = scratch.ints(DIGITS);
        DeviceInts numbers = list;
        DeviceInts places = null;
        Sorted[] spare = {new Sorted(scratch.ints(n), scratch.ints(n)), new Sorted(scratch.ints(n), scratch.ints(n))};
        int bits = 32 - Integer.numberOfLeadingZeros(empty);
        for (int shift = 0, pass = 0; shift == 0 || shift < bits; shift += DIGIT_BITS, pass++) {
            Sorted to = spare[pass % 2];
            device.launch("radixCount", tiles, 1, 1, BLOCK, 0, numbers, n, empty, shift, counts);
            device.launch("radixScan", DIGITS, 1, 1, BLOCK, 0, counts, tiles, totals);
            device.launch("radixMove", tiles, 1, 1, BLOCK, 0, numbers, places, n, empty, shift, counts, totals, to.numbers, to.places);
            numbers = to.numbers;
            places = to.places;
        }
        return new Sorted(numbers, places);
    }

    /** The distinct rows of a list of numbers below {@code empty}, in device memory: as many as the list is long, those at the end -1. */
    RowIndex rowIndex(IntStorage ids, int empty, IntFunction<? extends IntStorage> memory) {
        int n = ids.length();
        DeviceInts rows = (DeviceInts) memory.apply(n);
        DeviceInts starts = (DeviceInts) memory.apply(n + 1);
        DeviceInts order = (DeviceInts) memory.apply(n);
        RowIndex index = new RowIndex(rows, starts, order);
        if (n == 0) {
            device.fill(starts.address(), 0, 1);
            return index;
        }
        try (Scratch scratch = device.scratch()) {
            Sorted sorted = sort(scratch.copyOf(ids), empty, scratch);
            int tiles = Math.ceilDiv(n, TILE);
            DeviceInts heads = scratch.ints(tiles);
            DeviceInts distinct = scratch.ints(1);
            device.launch("headCount", tiles, 1, 1, BLOCK, 0, sorted.numbers, n, empty, heads);
            device.launch("radixScan", 1, 1, 1, BLOCK, 0, heads, tiles, distinct);
            device.launch("headWrite", tiles, 1, 1, BLOCK, 0, sorted.numbers, sorted.places, n, empty, heads, distinct, rows, starts, order);
            device.launch("startsAfter", device.blocks(n + 1L, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, n, empty, distinct, starts);
        }
        return index;
    }

    GroupIndex groupIndex(IntStorage group, int groups, IntFunction<? extends IntStorage> memory) {
        int n = group.length();
        DeviceInts starts = (DeviceInts) memory.apply(groups + 1);
        DeviceInts order = (DeviceInts) memory.apply(n);
        DeviceInts rank = (DeviceInts) memory.apply(n);
        GroupIndex index = new GroupIndex(starts, order, rank);
        if (n == 0) {
            device.fill(starts.address(), 0, groups + 1);
            return index;
        }
        try (Scratch scratch = device.scratch()) {
            Sorted sorted = sort(scratch.copyOf(group), groups, scratch);
            device.launch("groupStarts", Math.ceilDiv(groups + 1, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, n, groups, starts);
            device.launch("groupRanks", Math.ceilDiv(n, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, sorted.places, n, groups, order, rank);
        }
        return index;
    }

    void copy(int[] dims, IntStorage x, int[] strides, DeviceInts y) {
        StridedAxes axes = StridedAxes.of(dims, Arrays.stream(strides).asLongStream().toArray());
        long n = axes.count();
        device.launch("copyInts", device.blocks(n, BLOCK), 1, 1, BLOCK, 0, axes.structure(), n, x, y);
    }

    void divide(IntStorage x, int n, boolean remainder, int block, int step, DeviceInts y) {
        device.launch("divideInts", Math.ceilDiv(y.length(), BLOCK), 1, 1, BLOCK, 0, x, n, remainder, block, step, y, y.length());
    }

    void mark(IntStorage columns, int rows, int cols, int k, int inside, int outside, DeviceInts y) {
        device.launch("markColumns", device.blocks((long) rows * cols, BLOCK), 1, 1, BLOCK, 0, columns, rows, cols, k, inside, outside, y);
    }

    void firstOfGroups(GroupIndex index, int most, IntStorage group, IntStorage y) {
        device.launch("firstOfGroups", Math.ceilDiv(y.length(), BLOCK), 1, 1, BLOCK, 0, index.starts(), index.rank(), most, group, y, y.length());
    }

    void sendAtRandom(CounterRandom random, Storage gates, double threshold, int k, IntStorage chosen, IntStorage sent) {
        device.launch("sendAtRandom", Math.ceilDiv(sent.length(), BLOCK), 1, 1, BLOCK, 0, random.key(), gates, threshold, k, chosen, sent, sent.length());
    }

    void count(IntStorage ids, double[] scale, int size, DeviceStorage y) {
        if (y.size() == 0) {
            return;
        }
        try (Scratch scratch = device.scratch()) {
            DeviceInts counts = scratch.ints(Math.toIntExact(y.size()));
            device.fill(counts.address(), 0, counts.length());
            DeviceInts scales = scratch.ints(2 * scale.length);                  // a float64 each
            device.send(MemorySegment.ofArray(scale), scales.address());
            long each = ids.length() / scale.length;
            device.launch("countInts", device.blocks(ids.length(), BLOCK), 1, 1, BLOCK, 0, ids, ids.length(), each, size, counts);
            device.launch("scaleCounts", device.blocks(y.size(), BLOCK), 1, 1, BLOCK, 0, counts, scales, y.size(), size, y);
        }
    }
}
