package org.moe4j.backend.dry;

import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** A storage without values: reads as zeros, forgets what is written. */
record Extent(long size, ValueType type, boolean inMemory) implements Storage {
    @Override
    public Storage slice(long offset, long size) {
        return new Extent(size, type, inMemory);
    }

    @Override
    public double get(long index) {
        return 0;
    }

    @Override
    public void set(long index, double value) {}
}
