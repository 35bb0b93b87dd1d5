package org.moe4j.autodiff;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.LongFunction;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/**
 * Memory that is planned, not collected: what a step takes it gives back, and the next step finds it again, so that
 * steady-state training allocates nothing. Blocks come in size classes an eighth apart, which lets steps with slightly
 * different row counts share them. Of those that are free the one used last comes first, which the processor's caches still have; on
 * a device the oldest one, so that equal steps find their values in the same places, in whatever order blocks are given back. Not for
 * use by several threads.
 */
public final class Arena {
    private static final int SMALLEST = 64;

    private final Backend on;
    private final Pool<Storage> values;
    private final Pool<IntStorage> numbers;

    public Arena(Backend on) {
        this.on = on;
        boolean samePlaces = on.deviceName().isPresent();
        values = new Pool<>(samePlaces, on::allocate, (block, size) -> block.slice(0, size));
        numbers = new Pool<>(samePlaces, size -> on.allocateInts(Math.toIntExact(size)), (block, size) -> block.slice(0, Math.toIntExact(size)));
    }

    /** Memory with whatever it last held. */
    public Storage take(long size) {
        return values.take(size);
    }

    /** Memory set to zero. */
    public Storage takeZero(long size) {
        Storage x = take(size);
        on.fill(x, 0);
        return x;
    }

    /** Memory for whole numbers, with whatever it last held. */
    public IntStorage takeInts(int length) {
        return numbers.take(length);
    }

    /** Gives back what {@link #take} handed out; the values may be overwritten from now on. */
    public void give(Storage view) {
        values.give(view);
    }

    /** Gives back what {@link #takeInts} handed out. */
    public void giveInts(IntStorage view) {
        numbers.give(view);
    }

    /** Bytes of values asked of the back end so far. */
    public long reservedBytes() {
        return values.reserved * on.bytesPerValue();
    }

    /** Bytes of values in use now. */
    public long liveBytes() {
        return values.live * on.bytesPerValue();
    }

    /** The most bytes of values that were in use at once. */
    public long peakBytes() {
        return values.peak * on.bytesPerValue();
    }

    /** Rounds up to a multiple of an eighth of the power of two below. */
    static long sizeClass(long size) {
        if (size <= SMALLEST) {
            return SMALLEST;
        }
        long step = Math.max(SMALLEST, Long.highestOneBit(size) >>> 3);
        return (size + step - 1) / step * step;
    }

    /** Blocks of one kind of memory. */
    private static final class Pool<T> {
        private final boolean samePlaces;
        private final LongFunction<T> allocate;
        private final View<T> view;
        private final Map<Long, Queue<Block<T>>> free = new HashMap<>();
        private final Map<T, Block<T>> blocks = new IdentityHashMap<>();
        private long made;
        private long reserved;
        private long live;
        private long peak;

        /** @param number in the order of their making */
        private record Block<T>(T memory, long size, long number) {}

        private interface View<T> {
            T of(T block, long size);
        }

        Pool(boolean samePlaces, LongFunction<T> allocate, View<T> view) {
            this.samePlaces = samePlaces;
            this.allocate = allocate;
            this.view = view;
        }

        private Queue<Block<T>> queue() {
            return samePlaces ? new PriorityQueue<>(Comparator.comparingLong(Block::number)) : Collections.asLifoQueue(new ArrayDeque<>());
        }

        T take(long size) {
            long blockSize = sizeClass(size);
            Block<T> block = free.computeIfAbsent(blockSize, _ -> queue()).poll();
            if (block == null) {
                block = new Block<>(allocate.apply(blockSize), blockSize, made++);
                reserved += blockSize;
            }
            live += blockSize;
            peak = Math.max(peak, live);
            T taken = view.of(block.memory, size);
            blocks.put(taken, block);
            return taken;
        }

        void give(T taken) {
            Block<T> block = blocks.remove(taken);
            if (block == null) {
                throw new IllegalStateException("memory was given back twice, or is not the arena's");
            }
            live -= block.size;
            free.get(block.size).add(block);
        }
    }
}
