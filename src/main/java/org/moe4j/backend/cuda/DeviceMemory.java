package org.moe4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import jcuda.driver.CUresult;

/**
 * The blocks of device memory of one back end. A block that nothing refers to any more is kept for the next one of its size:
 * work on a stream runs in order, so it may be handed out while earlier kernels still use it. Not for use by several threads.
 */
final class DeviceMemory {
    private static final long GRAIN = 512;
    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<Long, ArrayDeque<Block>> waiting = new HashMap<>();
    private final Queue<Block> dropped = new ConcurrentLinkedQueue<>();
    private final List<Long> all = new ArrayList<>();
    private final MemorySegment address = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    private record Block(long address, long bytes) {}

    /** Whoever holds it keeps its block. */
    static final class Lease {
        final long address;

        private Lease(long address) {
            this.address = address;
        }
    }

    /** Memory with whatever it last held. */
    Lease take(long bytes) {
        long size = Math.max(1, Math.ceilDiv(bytes, GRAIN)) * GRAIN;
        collect();
        ArrayDeque<Block> same = waiting.get(size);
        Block block = same == null || same.isEmpty() ? allocate(size) : same.pop();
        Lease lease = new Lease(block.address);
        CLEANER.register(lease, () -> dropped.add(block));
        return lease;
    }

    private Block allocate(long bytes) {
        try {
            Driver.allocate(address, bytes);
        } catch (CudaException refused) {
            if (refused.code() != CUresult.CUDA_ERROR_OUT_OF_MEMORY || !giveBack()) {
                throw refused;
            }
            Driver.allocate(address, bytes);
        }
        long at = address.get(ValueLayout.JAVA_LONG, 0);
        all.add(at);
        return new Block(at, bytes);
    }

    private void collect() {
        for (Block block = dropped.poll(); block != null; block = dropped.poll()) {
            waiting.computeIfAbsent(block.bytes, _ -> new ArrayDeque<>()).push(block);
        }
    }

    /** Returns blocks that wait to the driver, and says whether there were any. */
    private boolean giveBack() {
        collect();
        boolean any = false;
        for (ArrayDeque<Block> blocks : waiting.values()) {
            for (Block block : blocks) {
                Driver.free(block.address);
                all.remove(block.address);
                any = true;
            }
            blocks.clear();
        }
        return any;
    }

    void close() {
        all.forEach(Driver::free);
        all.clear();
        waiting.clear();
    }
}
