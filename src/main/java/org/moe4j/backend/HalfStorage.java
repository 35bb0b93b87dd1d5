package org.moe4j.backend;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

import org.moe4j.io.InputException;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** A run of an array of bfloat16 values in the host's memory, for the back ends that compute there. What is written is rounded to the nearest. */
public record HalfStorage(short[] array, int offset, int length) implements Storage {
    public static HalfStorage allocate(long size) {
        if (size > PageStagger.LARGEST) {
            throw new InputException("a table of " + size + " values is too large: at most " + PageStagger.LARGEST + " bfloat16 values are held in one");
        }
        int before = PageStagger.before((int) size, Short.BYTES);
        return new HalfStorage(new short[(int) size + before], before, (int) size);
    }

    @Override
    public ValueType type() {
        return ValueType.BFLOAT16;
    }

    @Override
    public long size() {
        return length;
    }

    @Override
    public HalfStorage slice(long from, long size) {
        Objects.checkFromIndexSize(from, size, length);
        return new HalfStorage(array, offset + (int) from, (int) size);
    }

    @Override
    public double get(long index) {
        return Bfloat16.value(array[offset + (int) Objects.checkIndex(index, length)]);
    }

    @Override
    public void set(long index, double value) {
        array[offset + (int) Objects.checkIndex(index, length)] = Bfloat16.nearest((float) value);
    }

    /** The array itself. */
    @Override
    public MemorySegment segment() {
        return MemorySegment.ofArray(array).asSlice((long) offset * Short.BYTES, (long) length * Short.BYTES);
    }
}
