package org.moe4j.backend.simd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/**
 * The processors that Linux runs threads on. Where they can't be known (another system, or no native access) every thread is on
 * {@link #UNKNOWN} and stays where it is.
 */
final class Cores {
    static final int UNKNOWN = -1;
    /** Bytes of glibc's cpu_set_t, a bit for each of 1,024 processors. */
    private static final int MASK = 128;

    private static final FunctionDescriptor NUMBER = FunctionDescriptor.of(JAVA_INT);
    private static final FunctionDescriptor OF_MASK = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle CORE = call("sched_getcpu", NUMBER, Linker.Option.critical(false));
    private static final MethodHandle THREAD = call("gettid", NUMBER);
    private static final MethodHandle ALLOWED = call("sched_getaffinity", OF_MASK);
    private static final MethodHandle ALLOW = call("sched_setaffinity", OF_MASK);
    private static final boolean KNOWN = CORE != null && THREAD != null && ALLOWED != null && ALLOW != null;

    private Cores() {}

    /** The processor that the calling thread is on: some 10 nanoseconds. */
    static int current() {
        try {
            return KNOWN ? (int) CORE.invokeExact() : UNKNOWN;
        } catch (Throwable e) {
            throw new AssertionError(e); // the functions called here throw nothing
        }
    }

    /** Linux's number of the calling thread. */
    static int thread() {
        try {
            return KNOWN ? (int) THREAD.invokeExact() : UNKNOWN;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Moves a thread to one of the processors that it may run on and that aren't {@code taken}, if there is one; it may leave it again. */
    static void move(int thread, BitSet taken) {
        if (!KNOWN) return;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK, Long.BYTES);
            if ((int) ALLOWED.invokeExact(thread, (long) MASK, mask) < 0) return;
            BitSet allowed = BitSet.valueOf(mask.toArray(JAVA_BYTE));
            BitSet free = (BitSet) allowed.clone();
            free.andNot(taken);
            if (free.isEmpty()) return;
            allow(thread, free, mask);
            allow(thread, allowed, mask);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static void allow(int thread, BitSet processors, MemorySegment mask) throws Throwable {
        byte[] bytes = processors.toByteArray();
        mask.fill((byte) 0);
        MemorySegment.copy(bytes, 0, mask, JAVA_BYTE, 0, bytes.length);
        int _ = (int) ALLOW.invokeExact(thread, (long) MASK, mask); // where Linux refuses, the thread stays where it is
    }

    private static MethodHandle call(String name, FunctionDescriptor type, Linker.Option... options) {
        if (!System.getProperty("os.name").equals("Linux") || !Cores.class.getModule().isNativeAccessEnabled()) return null;
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(at -> linker.downcallHandle(at, type, options)).orElse(null);
    }
}
