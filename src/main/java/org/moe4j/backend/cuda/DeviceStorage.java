package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

import org.moe4j.tensor.Storage;

/**
 * A run of float32 values on the device, at any multiple of 4 bytes. Reading waits for all that was queued; writing does not.
 *
 * @param lease what keeps the memory
 */
record DeviceStorage(Device device, DeviceMemory.Lease lease, long address, long size) implements Storage {
    static DeviceStorage of(Storage storage) {
        return (DeviceStorage) storage;
    }

    @Override
    public DeviceStorage slice(long from, long size) {
        return new DeviceStorage(device, lease, at(from, size), size);
    }

    @Override
    public double get(long index) {
        float[] value = new float[1];
        read(index, value);
        return value[0];
    }

    @Override
    public void set(long index, double value) {
        write(index, new float[] {(float) value});
    }

    @Override
    public void read(long from, float[] to) {
        device.fetch(at(from, to.length), MemorySegment.ofArray(to));
    }

    @Override
    public void read(long from, double[] to) {
        float[] values = new float[to.length];
        read(from, values);
        for (int i = 0; i < to.length; i++) {
            to[i] = values[i];
        }
    }

    @Override
    public void write(long to, float[] values) {
        device.send(MemorySegment.ofArray(values), at(to, values.length));
    }

    @Override
    public void write(long to, double... values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        write(to, rounded);
    }

    /** A copy, outside the heap. */
    @Override
    public MemorySegment segment() {
        MemorySegment copy = java.lang.foreign.Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, size);
        device.fetch(address, copy);
        return copy;
    }

    private long at(long from, long size) {
        return address + Objects.checkFromIndexSize(from, size, this.size) * Float.BYTES;
    }
}
