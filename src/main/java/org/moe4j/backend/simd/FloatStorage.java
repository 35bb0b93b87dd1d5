package org.moe4j.backend.simd;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.moe4j.backend.PageStagger;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** A run of an array of float32 values. */
record FloatStorage(float[] array, int offset, int length) implements Storage {
    static FloatStorage allocate(long size) {
        if (size > PageStagger.LARGEST) {
            throw new InputException("a tensor of " + size + " values is too large: the simd back end holds at most " + PageStagger.LARGEST + " in one");
        }
        int before = PageStagger.before((int) size, Float.BYTES);
        return new FloatStorage(new float[(int) size + before], before, (int) size);
    }

    static FloatStorage of(Storage storage) {
        if (storage != null && storage.type() != ValueType.NATIVE) {
            throw new IllegalArgumentException("float32 values are wanted here, these are " + storage.type());
        }
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
