package org.moe4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.moe4j.io.InputException;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The blocks of device memory of one back end. A block that is given back, or that nothing refers to any more, is kept for the next one
 * of its size: work on a stream runs in order, so it may be handed out while earlier kernels still use it. Of those that wait the one at
 * the lowest address comes first, whatever the order in which they came back: the same steps get the same addresses. Not for use by
 * several threads.
 */
final class DeviceMemory {
    private static final long GRAIN = 512;
    private static final long LARGE = 64L << 20;
    private static final long GROWTH = 1L << 30;
    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<Long, PriorityQueue<Block>> waiting = new HashMap<>();
    private final Queue<Block> dropped = new ConcurrentLinkedQueue<>();
    private final Map<Long, Long> held = new HashMap<>();                          // address to bytes
    private final MemorySegment address = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    private final String device;
    private final Runnable beforeFreeing;
    private final long growth;
    private long heldBytes;
    private long inUseBytes;
    private long limit;

    /** @param beforeFreeing has the driver know of all work that uses what is given back to it */
    DeviceMemory(String device, Runnable beforeFreeing) {
        this(device, beforeFreeing, GROWTH);
    }

    /** @param growth bytes from which on it is looked for blocks that nobody holds any more before the driver is asked for others, as long as less than half are held */
    DeviceMemory(String device, Runnable beforeFreeing, long growth) {
        this.device = device;
        this.beforeFreeing = beforeFreeing;
        this.growth = growth;
        limit = growth;
    }

    /** Bytes had of the driver. */
    long heldBytes() {
        return heldBytes;
    }

    private record Block(long address, long bytes) {}

    /** Whoever holds it keeps its block. */
    static final class Lease {
        final long address;
        private final Block block;

        private Lease(Block block) {
            this.block = block;
            address = block.address;
        }
    }

    /** Memory with whatever it last held, until nothing refers to the lease any more. */
    Lease take(long bytes) {
        Lease lease = borrow(bytes);
        Block block = lease.block;
        CLEANER.register(lease, () -> dropped.add(block));
        return lease;
    }

    /** Memory with whatever it last held, until {@link #giveBack}. */
    Lease borrow(long bytes) {
        Block block = block(bytes);
        inUseBytes += block.bytes;
        return new Lease(block);
    }

    /** What is queued later may overwrite it from now on. */
    void giveBack(Lease borrowed) {
        keep(borrowed.block);
    }

    private void keep(Block block) {
        inUseBytes -= block.bytes;
        waiting.computeIfAbsent(block.bytes, _ -> new PriorityQueue<>(Comparator.comparingLong(Block::address))).add(block);
    }

    /** Reuses what waits; asks the driver for more; looks for what nobody holds any more, when much was asked for since or nothing is left. */
    private Block block(long wanted) {
        long bytes = sizeClass(wanted);
        collect();
        Block block = waitingOf(bytes);
        if (block == null && heldBytes + bytes > limit) {
            awaitCollection();
            limit = Math.max(growth, 2 * inUseBytes);
            block = waitingOf(bytes);
            if (block == null) {
                limit = Math.max(limit, heldBytes + growth);
            }
        }
        int code = CUresult.CUDA_SUCCESS;
        if (block == null) {
            code = Driver.allocate(address, bytes);
            if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
                awaitCollection();
                block = waitingOf(bytes);
            }
        }
        if (block == null && code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            shrink();
            code = Driver.allocate(address, bytes);
        }
        if (block != null) {
            return block;
        }
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw tooLarge(wanted);
        }
        CudaException.check(code, "allocating " + wanted + " bytes");
        block = new Block(address.get(ValueLayout.JAVA_LONG, 0), bytes);
        held.put(block.address, bytes);
        heldBytes += bytes;
        return block;
    }

    private Block waitingOf(long bytes) {
        PriorityQueue<Block> same = waiting.get(bytes);
        return same == null ? null : same.poll();
    }

    /** Sizes an eighth of a power of two apart, so that lists and rows of slightly different numbers share blocks; large ones as they are. */
    private static long sizeClass(long bytes) {
        long step = bytes > LARGE ? GRAIN : Math.max(GRAIN, Long.highestOneBit(Math.max(1, bytes)) >>> 3);
        return Math.max(1, Math.ceilDiv(bytes, step)) * step;
    }

    private InputException tooLarge(long bytes) {
        return new InputException("%s is out of memory: %s more were asked for, %s of %s are free and this run holds %s; a smaller --batch, --sequence or --dim, or fewer trials at once (--parallel), would do"
                .formatted(device, mib(bytes), mib(freeBytes()), mib(asked()[1]), mib(heldBytes)));
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

    /** Leases that nobody holds any more are known to be so when the heap has been collected; one made for the purpose tells when that is. */
    private void awaitCollection() {
        CountDownLatch collected = new CountDownLatch(1);
        CLEANER.register(new Object(), collected::countDown);
        System.gc();
        try {
            collected.await(1, TimeUnit.SECONDS);
            Thread.sleep(10);                                                      // for those that come behind it
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        collect();
    }

    private void collect() {
        for (Block block = dropped.poll(); block != null; block = dropped.poll()) {
            keep(block);
        }
    }

    /** Returns the blocks that wait to the driver. */
    private void shrink() {
        beforeFreeing.run();
        for (PriorityQueue<Block> blocks : waiting.values()) {
            for (Block block : blocks) {
                Driver.free(block.address);
                held.remove(block.address);
                heldBytes -= block.bytes;
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
