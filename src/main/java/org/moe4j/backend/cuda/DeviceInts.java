package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** A run of 32-bit whole numbers on the device. */
record DeviceInts(Device device, DeviceMemory.Lease lease, long address, long size) {
    /** A view of part of it. */
    DeviceInts slice(long from, long length) {
        return new DeviceInts(device, lease, address + Objects.checkFromIndexSize(from, length, size) * Integer.BYTES, length);
    }

    /** The numbers, when all that was queued is done. */
    int[] toArray() {
        int[] values = new int[Math.toIntExact(size)];
        device.fetch(address, MemorySegment.ofArray(values));
        return values;
    }
}
