package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;

import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * One GPU as one back end sees it: a stream on which all its work runs in order, its memory, and the kernels of the context.
 * For one thread at a time.
 */
final class Device implements AutoCloseable {
    /** Blocks of 256 threads that a multiprocessor runs at once. */
    private static final int BLOCKS_EACH = 8;

    private final Context context;
    private final Stream stream = new Stream();
    private final DeviceMemory memory;
    private final Staging staging;
    private final Graphs graphs;                                                   // null: work goes to the driver as it comes

    private static final class Stream extends CUstream {
        private long handle() {
            return getNativePointer();
        }
    }

    Device(int ordinal) {
        this(ordinal, false);
    }

    /** @param graphs whether to launch what comes again as {@link Graphs} */
    Device(int ordinal, boolean graphs) {
        context = Context.of(ordinal);
        if (graphs) {
            context.requireGraphs();
        }
        context.enter();
        memory = new DeviceMemory(context.toString(), this::flush);
        CudaException.check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "making a stream");
        staging = new Staging(this, stream, stream.handle());
        this.graphs = graphs ? new Graphs(new GraphCalls(context.handle(), stream.handle()), stream.handle()) : null;
    }

    /** The GPU's name, and its driver. */
    String description() {
        return context.description();
    }

    /** Puts work behind all that was queued before. */
    void queue(Work work) {
        context.enter();
        if (graphs == null) {
            work.submit(stream.handle());
        } else {
            graphs.add(work);
        }
    }

    /** Has the driver know of all that is queued: for calls that look at the stream, or free memory. */
    void flush() {
        if (graphs != null) {
            context.enter();
            graphs.flush();
        }
    }

    /** As in "cuda:0 (NVIDIA H200)". */
    @Override
    public String toString() {
        return context.toString();
    }

    /** Blocks for a kernel that strides over its work: enough to fill the device, and no more than have work. */
    int blocks(long work, int perBlock) {
        return (int) Math.min(Math.ceilDiv(work, (long) perBlock), (long) BLOCKS_EACH * context.multiprocessors());
    }

    /** Bytes that no process holds. */
    long freeBytes() {
        enter();
        return memory.freeBytes();
    }

    /** Memory for float32 values, with whatever it last held. */
    DeviceStorage floats(long size) {
        context.enter();
        DeviceMemory.Lease lease = memory.take(size * Float.BYTES);
        return new DeviceStorage(this, lease, lease.address, size);
    }

    /** Memory for whole numbers, with whatever it last held. */
    DeviceInts ints(int length) {
        context.enter();
        DeviceMemory.Lease lease = memory.take((long) length * Integer.BYTES);
        return new DeviceInts(this, lease, lease.address, length);
    }

    /** Working memory, for as long as a call of the back end queues what uses it. */
    Scratch scratch() {
        return new Scratch(this, memory);
    }

    /** Copies what was written for a list of the host's to it, which waits. */
    void deliver(DeviceInts written, IntStorage list) {
        if (list instanceof HostInts host) {
            System.arraycopy(written.toArray(), 0, host.array(), host.from(), host.length());
        }
    }

    /**
     * Queues a kernel. Nothing is waited for; a failure of the kernel itself shows at a later call.
     *
     * @param sharedBytes dynamic shared memory of a block
     * @param arguments in the order of the kernel's: {@link DeviceStorage}, {@link DeviceInts} and null are pointers, and so are {@link HostInts},
     *     which are sent to be read; the others are numbers of the kernel's own type, but that an int serves for a 64-bit integer and a boolean for
     *     an int, and a long[] is a structure of 64-bit integers
     */
    void launch(String kernel, int gridX, int gridY, int gridZ, int blockX, int sharedBytes, Object... arguments) {
        if (gridX == 0 || gridY == 0 || gridZ == 0) {
            return;
        }
        context.enter();
        try (Scratch sent = scratch()) {
            queue(new Work.Kernel(kernel, context.kernel(kernel, sharedBytes), gridX, gridY, gridZ, blockX, sharedBytes, Arguments.of(arguments, sent)));
        }
    }

    /** cuBLAS for products on this device's stream, where it is installed. */
    Optional<Cublas> cublas(Precision precision) {
        enter();
        return Cublas.on(stream.handle(), precision, graphs == null ? null : floats(Cublas.WORKSPACE / Float.BYTES));
    }

    /** Makes the context the calling thread's; for calls that are not this class'. */
    void enter() {
        context.enter();
    }

    /** Queues setting 32-bit words. */
    void fill(long address, int word, long words) {
        if (words > 0) {
            queue(new Work.Fill(address, word, words));
        }
    }

    /** Queues a copy on the device; the two must not overlap. */
    void copy(long from, long to, long bytes) {
        if (bytes > 0) {
            queue(new Work.Copy(false, from, to, bytes));
        }
    }

    /** Queues a copy to the device; {@code from} may change when this returns. */
    void send(MemorySegment from, long to) {
        context.enter();
        staging.send(from, to);
    }

    /** Copies from the device when all that was queued is done. */
    void fetch(long from, MemorySegment to) {
        context.enter();
        staging.fetch(from, to);
    }

    @Override
    public void close() {
        flush();
        context.enter();
        Driver.synchronize(stream.handle());
        if (graphs != null) {
            graphs.close();
        }
        memory.close();
        staging.close();
        JCudaDriver.cuStreamDestroy(stream);
    }
}
