package org.moe4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * Pinned host memory through which values go to and from the device. What goes there is copied here first and sent while the
 * host goes on: pieces are taken in turn, and waited for only when their turn comes again.
 */
final class Staging {
    private static final int PIECES = 8;
    private static final long PIECE = 1 << 20;

    private final Device device;
    private final CUstream stream;
    private final long streamHandle;
    private final Pointer pinned = new Pointer();
    private final MemorySegment memory;
    private final CUevent[] sent = new CUevent[PIECES];
    private int piece;
    private long used;

    Staging(Device device, CUstream stream, long streamHandle) {
        this.device = device;
        this.stream = stream;
        this.streamHandle = streamHandle;
        CudaException.check(JCudaDriver.cuMemAllocHost(pinned, (PIECES + 1) * PIECE), "pinning host memory");
        ByteBuffer bytes = pinned.getByteBuffer(0, (PIECES + 1) * PIECE);
        memory = MemorySegment.ofBuffer(bytes);
    }

    /** Queues a copy; {@code from} may change when this returns. */
    void send(MemorySegment from, long to) {
        for (long done = 0; done < from.byteSize(); ) {
            if (used == PIECE) {
                next();
            }
            long bytes = Math.min(from.byteSize() - done, PIECE - used);
            MemorySegment place = memory.asSlice(piece * PIECE + used, bytes);
            place.copyFrom(from.asSlice(done, bytes));
            device.queue(new Work.Copy(true, place.address(), to + done, bytes));
            used += bytes;
            done += bytes;
        }
    }

    /** Copies from the device, when all that was queued before is done. */
    void fetch(long from, MemorySegment to) {
        device.flush();
        MemorySegment place = memory.asSlice(PIECES * PIECE, PIECE);
        for (long done = 0; done < to.byteSize(); done += PIECE) {
            long bytes = Math.min(to.byteSize() - done, PIECE);
            Driver.deviceToHost(place, from + done, bytes, streamHandle);
            Driver.synchronize(streamHandle);
            to.asSlice(done, bytes).copyFrom(place.asSlice(0, bytes));
        }
    }

    private void next() {
        device.flush();
        if (sent[piece] == null) {
            sent[piece] = new CUevent();
            CudaException.check(JCudaDriver.cuEventCreate(sent[piece], jcuda.driver.CUevent_flags.CU_EVENT_DISABLE_TIMING), "making an event");
        }
        CudaException.check(JCudaDriver.cuEventRecord(sent[piece], stream), "recording an event");
        piece = (piece + 1) % PIECES;
        used = 0;
        if (sent[piece] != null) {
            CudaException.check(JCudaDriver.cuEventSynchronize(sent[piece]), "waiting for the device");
        }
    }

    void close() {
        for (CUevent event : sent) {
            if (event != null) {
                JCudaDriver.cuEventDestroy(event);
            }
        }
        JCudaDriver.cuMemFreeHost(pinned);
    }
}
