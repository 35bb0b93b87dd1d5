package org.moe4j.autodiff;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/**
 * Memory that is planned, not collected: what a step takes it gives back, and the next step finds it again, so that
 * steady-state training allocates nothing. Blocks come in size classes an eighth apart, which lets steps with slightly
 * different row counts share them. Not for use by several threads.
 */
public final class Arena {
    private static final int SMALLEST = 64;

    private final Backend on;
    private final Map<Long, ArrayDeque<Storage>> free = new HashMap<>();
    private final Map<Storage, Storage> blocks = new IdentityHashMap<>();
    private long reserved;
    private long live;
    private long peak;

    public Arena(Backend on) {
        this.on = on;
    }

    /** Memory with whatever it last held. */
    public Storage take(long size) {
        long blockSize = sizeClass(size);
        ArrayDeque<Storage> waiting = free.computeIfAbsent(blockSize, s -> new ArrayDeque<>());
        Storage block = waiting.pollFirst();
        if (block == null) {
            block = on.allocate(blockSize);
            reserved += blockSize;
        }
        live += blockSize;
        peak = Math.max(peak, live);
        Storage view = block.slice(0, size);
        blocks.put(view, block);
        return view;
    }

    /** Memory set to zero. */
    public Storage takeZero(long size) {
        Storage x = take(size);
        on.fill(x, 0);
        return x;
    }

    /** Gives back what {@link #take} handed out; the values may be overwritten from now on. */
    public void give(Storage view) {
        Storage block = blocks.remove(view);
        if (block == null) {
            throw new IllegalStateException("memory of " + view.size() + " values was given back twice, or is not the arena's");
        }
        live -= block.size();
        free.get(block.size()).addFirst(block);
    }

    /** Bytes asked of the back end so far. */
    public long reservedBytes() {
        return reserved * on.bytesPerValue();
    }

    /** Bytes in use now. */
    public long liveBytes() {
        return live * on.bytesPerValue();
    }

    /** The most bytes that were in use at once. */
    public long peakBytes() {
        return peak * on.bytesPerValue();
    }

    /** Rounds up to a multiple of an eighth of the power of two below. */
    static long sizeClass(long size) {
        if (size <= SMALLEST) {
            return SMALLEST;
        }
        long step = Math.max(SMALLEST, Long.highestOneBit(size) >>> 3);
        return (size + step - 1) / step * step;
    }
}
