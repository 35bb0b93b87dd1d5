package org.moe4j.backend.simd;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Storage;

/** A run of an array of float32 values. */
record FloatStorage(float[] array, int offset, int length) implements Storage {
    /** Some JVMs refuse the last few of 2^31 - 1 array elements. */
    private static final int LARGEST = Integer.MAX_VALUE - 8;
    /** 4 KiB. */
    private static final int PAGE = 1024;
    /** From this size on arrays start at staggered places of a page. */
    private static final int LARGE = 1 << 18;
    /**
     * A table and its moments are powers of two, as a rule, and lie one behind the other: the same row of all three would stand at the same
     * place of a page. Processors tell a load from the stores before it by that place alone, and wait for a store that is none of its
     * business: Adam took twice the time. Coprime to the lines of a page, so that neighbours are far apart.
     */
    private static final int STAGGER = 27 * 16;

    private static final AtomicInteger larges = new AtomicInteger();

    static FloatStorage allocate(long size) {
        if (size > LARGEST) throw new InputException("a tensor of " + size + " values is too large: the simd back end holds at most " + LARGEST + " in one");
        int skew = size < LARGE || size > LARGEST - PAGE ? 0 : Math.floorMod(larges.getAndIncrement() * STAGGER, PAGE);
        return new FloatStorage(new float[(int) size + skew], skew, (int) size);
    }

    static FloatStorage of(Storage storage) {
        return (FloatStorage) storage;
    }

    @Override
    public long size() {
        return length;
    }

    @Override
    public Storage slice(long from, long size) {
        Objects.checkFromIndexSize(from, size, length);
        return new FloatStorage(array, offset + (int) from, (int) size);
    }

    @Override
    public double get(long index) {
        return array[offset + (int) Objects.checkIndex(index, length)];
    }

    @Override
    public void set(long index, double value) {
        array[offset + (int) Objects.checkIndex(index, length)] = (float) value;
    }

    @Override
    public void read(long from, float[] to) {
        Objects.checkFromIndexSize(from, to.length, length);
        System.arraycopy(array, offset + (int) from, to, 0, to.length);
    }

    /** The array itself. */
    @Override
    public MemorySegment segment() {
        return MemorySegment.ofArray(array).asSlice((long) offset * Float.BYTES, (long) length * Float.BYTES);
    }

    @Override
    public void write(long to, float[] values) {
        Objects.checkFromIndexSize(to, values.length, length);
        System.arraycopy(values, 0, array, offset + (int) to, values.length);
    }
}
