package org.moe4j.backend.cuda;

import java.util.Arrays;
import java.util.stream.Stream;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** The largest of each row, and of sums of product keys: top_k.cu. */
final class TopK {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    /** A warp holds so many. */
    private static final int WARP = 32;
    /** Keys that a block sorts in shared memory. */
    private static final int IN_SHARED = 4096;

    private final Device device;

    TopK(Device device) {
        this.device = device;
    }

    void largest(Storage x, int rows, int cols, int k, Storage values, IntStorage columns) {
        try (Scratch scratch = device.scratch()) {
            DeviceInts found = scratch.output(columns);
            if (k <= WARP) {
                device.launch("topKWarp", Math.ceilDiv(rows, WARPS), 1, 1, BLOCK, 0, x, rows, cols, k, values, found);
            } else {
                byBlocks("topKBlock", rows, k, values, found, x, cols);
            }
            device.deliver(found, columns);
        }
    }

    void products(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids) {
        int candidates = Math.min(half, n);
        try (Scratch scratch = device.scratch()) {
            DeviceInts found = scratch.output(ids);
            if (Math.max(candidates, k) <= WARP) {
                device.launch("productTopKWarp", Math.ceilDiv(rows, WARPS), 1, 1, BLOCK, 0, a, b, rows, n, candidates, k, values, found);
            } else {
                DeviceInts bestA = scratch.ints(rows * candidates);
                DeviceInts bestB = scratch.ints(rows * candidates);
                DeviceStorage unused = scratch.floats((long) rows * candidates);
                largest(a, rows, n, candidates, unused, bestA);
                largest(b, rows, n, candidates, unused, bestB);
                byBlocks("productTopKBlock", rows, k, values, found, a, b, bestA, bestB, n, candidates);
            }
            device.deliver(found, ids);
        }
    }

    /** @param candidates the kernel's first arguments */
    private void byBlocks(String kernel, int rows, int k, Storage values, DeviceInts found, Object... candidates) {
        int size = Integer.highestOneBit(Math.max(1, k - 1)) * 2;
        try (Scratch scratch = device.scratch()) {
            DeviceStorage lists = size <= IN_SHARED ? null : scratch.floats(2L * rows * size);
            Object[] arguments = Stream.concat(Arrays.stream(candidates), Arrays.stream(new Object[] {k, lists, size, values, found})).toArray();
            device.launch(kernel, rows, 1, 1, BLOCK, lists == null ? size * Long.BYTES : 0, arguments);
        }
    }
}
