package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

import org.moe4j.tensor.IntStorage;

/** A list of 32-bit whole numbers on the device. */
record DeviceInts(Device device, DeviceMemory.Lease lease, long address, int length) implements IntStorage {
    @Override
    public DeviceInts slice(int from, int length) {
        Objects.checkFromIndexSize(from, length, this.length);
        return new DeviceInts(device, lease, address + (long) from * Integer.BYTES, length);
    }

    @Override
    public int get(int index) {
        return slice(index, 1).toArray()[0];
    }

    /** The numbers, when all that was queued is done. */
    @Override
    public int[] toArray() {
        int[] values = new int[length];
        device.fetch(address, MemorySegment.ofArray(values));
        return values;
    }
}
