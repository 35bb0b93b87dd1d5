package org.moe4j.backend.reference;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

import org.moe4j.io.InputException;
import org.moe4j.tensor.Storage;

/** Part of an array of float64 values; slices share the array. An index outside the part is an error, not a neighbour's value. */
record Doubles(double[] array, int offset, int length) implements Storage {
    /** Some JVMs refuse the last few of 2^31 - 1 array elements. */
    private static final int LARGEST = Integer.MAX_VALUE - 8;

    static Doubles allocate(long size) {
        if (size > LARGEST) {
            throw new InputException("a tensor of " + size + " values is too large: the reference back end holds at most " + LARGEST + " in one");
        }
        return new Doubles(new double[(int) size], 0, (int) size);
    }

    /** x[index] += value. */
    static void add(Storage x, long index, double value) {
        x.set(index, x.get(index) + value);
    }

    @Override
    public long size() {
        return length;
    }

    @Override
    public Doubles slice(long from, long size) {
        Objects.checkFromIndexSize(from, size, (long) length);
        return new Doubles(array, offset + (int) from, (int) size);
    }

    @Override
    public MemorySegment segment() {
        return MemorySegment.ofArray(array).asSlice((long) offset * Double.BYTES, (long) length * Double.BYTES);
    }

    @Override
    public double get(long index) {
        return array[offset + (int) Objects.checkIndex(index, (long) length)];
    }

    @Override
    public void set(long index, double value) {
        array[offset + (int) Objects.checkIndex(index, (long) length)] = value;
    }
}
