package org.moe4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.moe4j.io.InputException;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The blocks of device memory of one back end. A block that nothing refers to any more is kept for the next one of its size:
 * work on a stream runs in order, so it may be handed out while earlier kernels still use it. Not for use by several threads.
 */
final class DeviceMemory {
    private static final long GRAIN = 512;
    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<Long, ArrayDeque<Block>> waiting = new HashMap<>();
    private final Queue<Block> dropped = new ConcurrentLinkedQueue<>();
    private final Map<Long, Long> held = new HashMap<>();                          // address to bytes
    private final MemorySegment address = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    private final String device;

    DeviceMemory(String device) {
        this.device = device;
    }

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
        int code = Driver.allocate(address, bytes);
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            giveBack();
            code = Driver.allocate(address, bytes);
        }
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            awaitCollection();
            giveBack();
            code = Driver.allocate(address, bytes);
        }
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw tooLarge(bytes);
        }
        CudaException.check(code, "allocating " + bytes + " bytes");
        long at = address.get(ValueLayout.JAVA_LONG, 0);
        held.put(at, bytes);
        return new Block(at, bytes);
    }

    private InputException tooLarge(long bytes) {
        long own = held.values().stream().mapToLong(Long::longValue).sum();
        return new InputException("%s is out of memory: %s more were asked for, %s of %s are free and this run holds %s; a smaller --batch, --sequence or --dim, or fewer trials at once (--parallel), would do"
                .formatted(device, mib(bytes), mib(freeBytes()), mib(asked()[1]), mib(own)));
    }

    long freeBytes() {
        return asked()[0];
    }

    /** Free and total bytes, as the driver knows them. */
    private static long[] asked() {
        long[] free = new long[1];
        long[] total = new long[1];
        CudaException.check(JCudaDriver.cuMemGetInfo(free, total), "asking for free memory");
        return new long[] {free[0], total[0]};
    }

    private static String mib(long bytes) {
        return String.format(Locale.ROOT, bytes < 10 << 20 ? "%.1f MiB" : "%,.0f MiB", bytes / 1048576.0);
    }

    /** Storages that nobody holds any more are known to be so when the heap has been collected. */
    private void awaitCollection() {
        System.gc();
        try {
            Thread.sleep(50);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void collect() {
        for (Block block = dropped.poll(); block != null; block = dropped.poll()) {
            waiting.computeIfAbsent(block.bytes, _ -> new ArrayDeque<>()).push(block);
        }
    }

    /** Returns the blocks that wait to the driver. */
    private void giveBack() {
        collect();
        for (ArrayDeque<Block> blocks : waiting.values()) {
            for (Block block : blocks) {
                Driver.free(block.address);
                held.remove(block.address);
            }
            blocks.clear();
        }
    }

    void close() {
        held.keySet().forEach(Driver::free);
        held.clear();
        waiting.clear();
    }
}
