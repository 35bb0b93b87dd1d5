package org.moe4j.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

import org.moe4j.tensor.Storage;

/** A run of values of a {@link RowStore}. Back ends copy it in and out and compute on the copies. */
public record StoredValues(RowStore store, long offset, long size) implements Storage {
    @Override
    public StoredValues slice(long from, long size) {
        Objects.checkFromIndexSize(from, size, this.size);
        return new StoredValues(store, offset + from, size);
    }

    @Override
    public boolean inMemory() {
        return false;
    }

    @Override
    public double get(long index) {
        MemorySegment value = store.touch(offset + Objects.checkIndex(index, size), 1);
        return store.bytesPerValue() == Float.BYTES ? value.get(ValueLayout.JAVA_FLOAT, 0) : value.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    @Override
    public void set(long index, double value) {
        MemorySegment to = store.touch(offset + Objects.checkIndex(index, size), 1);
        if (store.bytesPerValue() == Float.BYTES) {
            to.set(ValueLayout.JAVA_FLOAT, 0, (float) value);
        } else {
            to.set(ValueLayout.JAVA_DOUBLE, 0, value);
        }
    }

    @Override
    public void read(long from, float[] to) {
        if (store.bytesPerValue() == Float.BYTES) {
            MemorySegment.copy(store.touch(offset + Objects.checkFromIndexSize(from, to.length, size), to.length), ValueLayout.JAVA_FLOAT, 0, to, 0, to.length);
        } else {
            Storage.super.read(from, to);
        }
    }

    @Override
    public void read(long from, double[] to) {
        if (store.bytesPerValue() == Double.BYTES) {
            MemorySegment.copy(store.touch(offset + Objects.checkFromIndexSize(from, to.length, size), to.length), ValueLayout.JAVA_DOUBLE, 0, to, 0, to.length);
        } else {
            Storage.super.read(from, to);
        }
    }

    @Override
    public void write(long to, float[] values) {
        if (store.bytesPerValue() == Float.BYTES) {
            MemorySegment.copy(values, 0, store.touch(offset + Objects.checkFromIndexSize(to, values.length, size), values.length), ValueLayout.JAVA_FLOAT, 0, values.length);
        } else {
            Storage.super.write(to, values);
        }
    }

    @Override
    public void write(long to, double... values) {
        if (store.bytesPerValue() == Double.BYTES) {
            MemorySegment.copy(values, 0, store.touch(offset + Objects.checkFromIndexSize(to, values.length, size), values.length), ValueLayout.JAVA_DOUBLE, 0, values.length);
        } else {
            Storage.super.write(to, values);
        }
    }

    /** The mapped memory itself; all rows of it are touched. */
    @Override
    public MemorySegment segment() {
        return store.touch(offset, size);
    }
}
