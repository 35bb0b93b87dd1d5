package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;

/** A run of 32-bit whole numbers on the device. */
record DeviceInts(Device device, DeviceMemory.Lease lease, long address, long size) {
    /** The numbers, when all that was queued is done. */
    int[] toArray() {
        int[] values = new int[Math.toIntExact(size)];
        device.fetch(address, MemorySegment.ofArray(values));
        return values;
    }
}
