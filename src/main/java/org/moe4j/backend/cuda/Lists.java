package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;

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

    /** @param empty above every number */
    private Sorted sort(DeviceInts list, int empty) {
        int n = list.length();
        int tiles = Math.ceilDiv(n, TILE);
        DeviceInts counts = device.ints(DIGITS * tiles);
        DeviceInts totals = device.ints(DIGITS);
        DeviceInts numbers = list;
        DeviceInts places = null;
        Sorted[] spare = {new Sorted(device.ints(n), device.ints(n)), new Sorted(device.ints(n), device.ints(n))};
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

    /** The distinct rows of a list of numbers below {@code empty}: as many as the list is long, those at the end -1. */
    RowIndex rowIndex(IntStorage ids, int empty) {
        DeviceInts list = device.ints(ids);
        int n = list.length();
        DeviceInts rows = device.ints(n);
        DeviceInts starts = device.ints(n + 1);
        DeviceInts order = device.ints(n);
        if (n == 0) {
            device.fill(starts.address(), 0, 1);
            return new RowIndex(rows, starts, order);
        }
        Sorted sorted = sort(list, empty);
        int tiles = Math.ceilDiv(n, TILE);
        DeviceInts heads = device.ints(tiles);
        DeviceInts distinct = device.ints(1);
        device.launch("headCount", tiles, 1, 1, BLOCK, 0, sorted.numbers, n, empty, heads);
        device.launch("radixScan", 1, 1, 1, BLOCK, 0, heads, tiles, distinct);
        device.launch("headWrite", tiles, 1, 1, BLOCK, 0, sorted.numbers, sorted.places, n, empty, heads, distinct, rows, starts, order);
        device.launch("startsAfter", device.blocks(n + 1L, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, n, empty, distinct, starts);
        return new RowIndex(rows, starts, order);
    }

    GroupIndex groupIndex(IntStorage group, int groups) {
        DeviceInts list = device.ints(group);
        int n = list.length();
        DeviceInts starts = device.ints(groups + 1);
        DeviceInts order = device.ints(n);
        DeviceInts rank = device.ints(n);
        if (n == 0) {
            device.fill(starts.address(), 0, groups + 1);
            return new GroupIndex(starts, order, rank);
        }
        Sorted sorted = sort(list, groups);
        device.launch("groupStarts", Math.ceilDiv(groups + 1, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, n, groups, starts);
        device.launch("groupRanks", Math.ceilDiv(n, BLOCK), 1, 1, BLOCK, 0, sorted.numbers, sorted.places, n, groups, order, rank);
        return new GroupIndex(starts, order, rank);
    }

    void copy(int[] dims, IntStorage x, int[] strides, DeviceInts y) {
        StridedAxes axes = StridedAxes.of(dims, Arrays.stream(strides).asLongStream().toArray());
        long n = axes.count();
        device.launch("copyInts", device.blocks(n, BLOCK), 1, 1, BLOCK, 0, axes.structure(), n, device.ints(x), y);
    }

    void divide(IntStorage x, int n, boolean remainder, int block, int step, DeviceInts y) {
        device.launch("divideInts", Math.ceilDiv(y.length(), BLOCK), 1, 1, BLOCK, 0, device.ints(x), n, remainder, block, step, y, y.length());
    }

    void mark(IntStorage columns, int rows, int cols, int k, int inside, int outside, DeviceInts y) {
        device.launch("markColumns", device.blocks((long) rows * cols, BLOCK), 1, 1, BLOCK, 0, device.ints(columns), rows, cols, k, inside, outside, y);
    }

    void count(IntStorage ids, double[] scale, int size, DeviceStorage y) {
        if (y.size() == 0) {
            return;
        }
        DeviceInts counts = device.ints(Math.toIntExact(y.size()));
        device.fill(counts.address(), 0, counts.length());
        DeviceInts scales = device.ints(2 * scale.length);                       // a float64 each
        device.send(MemorySegment.ofArray(scale), scales.address());
        long each = ids.length() / scale.length;
        device.launch("countInts", device.blocks(ids.length(), BLOCK), 1, 1, BLOCK, 0, device.ints(ids), ids.length(), each, size, counts);
        device.launch("scaleCounts", device.blocks(y.size(), BLOCK), 1, 1, BLOCK, 0, counts, scales, y.size(), size, y);
    }
}
