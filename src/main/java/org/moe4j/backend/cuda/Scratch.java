package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;

/** Working memory of one call of the back end, given back when the call has queued its work: what is queued after it may use it again. */
final class Scratch implements AutoCloseable {
    private final Device device;
    private final DeviceMemory memory;
    private final List<DeviceMemory.Lease> leases = new ArrayList<>();

    Scratch(Device device, DeviceMemory memory) {
        this.device = device;
        this.memory = memory;
    }

    private DeviceMemory.Lease take(long bytes) {
        device.enter();
        DeviceMemory.Lease lease = memory.borrow(bytes);
        leases.add(lease);
        return lease;
    }

    /** Room for float32 values, with whatever it last held. */
    DeviceStorage floats(long size) {
        DeviceMemory.Lease lease = take(size * Float.BYTES);
        return new DeviceStorage(device, lease, lease.address, size);
    }

    /** Room for whole numbers, with whatever it last held. */
    DeviceInts ints(int length) {
        DeviceMemory.Lease lease = take((long) length * Integer.BYTES);
        return new DeviceInts(device, lease, lease.address, length);
    }

    /** A list as kernels read it: itself, or a copy of one of the host's. */
    DeviceInts copyOf(IntStorage list) {
        if (list instanceof DeviceInts here) {
            return here;
        }
        HostInts host = HostInts.of(list);
        DeviceInts copy = ints(host.length());
        device.send(MemorySegment.ofArray(host.array()).asSlice((long) host.from() * Integer.BYTES, (long) host.length() * Integer.BYTES), copy.address());
        return copy;
    }

    /** Where kernels write a list: itself, or room for one of the host's until {@link Device#deliver}. */
    DeviceInts output(IntStorage list) {
        return list instanceof DeviceInts here ? here : ints(list.length());
    }

    @Override
    public void close() {
        leases.forEach(memory::giveBack);
    }
}
