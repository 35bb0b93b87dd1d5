package org.moe4j.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The driver's calls that a training step repeats, straight through {@code java.lang.foreign}: a launch through JCuda costs
 * about 3 µs of the processor's time, this way less than 0.1. Addresses and handles are plain numbers. Copies, fills and
 * launches return when they are queued. Load {@link NativeLibraries} before the first use.
 */
final class Driver {
    private static final String LIBRARY = System.getProperty("os.name").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";
    private static final SymbolLookup SYMBOLS = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
    private static final MethodHandle LAUNCH = handle("cuLaunchKernel", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle HOST_TO_DEVICE = handle("cuMemcpyHtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DEVICE_TO_HOST = handle("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DEVICE_TO_DEVICE = handle("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SET_WORDS = handle("cuMemsetD32Async", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SYNCHRONIZE = handle("cuStreamSynchronize", JAVA_LONG);
    private static final MethodHandle SET_CURRENT = handle("cuCtxSetCurrent", JAVA_LONG);
    private static final MethodHandle ALLOCATE = handle("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
    private static final MethodHandle FREE = handle("cuMemFree_v2", JAVA_LONG);

    interface Call {
        int make() throws Throwable;
    }

    private Driver() {}

    static MethodHandle handle(String name, MemoryLayout... parameters) {
        MemorySegment address = SYMBOLS.find(name).orElseThrow(() -> new UnsatisfiedLinkError(LIBRARY + " has no " + name));
        return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    /** The second version of a call where the driver has one, else the first. */
    static MethodHandle newest(String name, MemoryLayout... parameters) {
        String second = name + "_v2";
        return handle(SYMBOLS.find(second).isPresent() ? second : name, parameters);
    }

    /** @param parameters the addresses of the kernel's arguments, which are read before this returns */
    static void launch(String name, long function, int gridX, int gridY, int gridZ, int blockX, int sharedBytes, long stream, MemorySegment parameters) {
        check(name, () -> (int) LAUNCH.invokeExact(function, gridX, gridY, gridZ, blockX, 1, 1, sharedBytes, stream, parameters, MemorySegment.NULL));
    }

    static void hostToDevice(long to, long from, long bytes, long stream) {
        check("a copy to the device", () -> (int) HOST_TO_DEVICE.invokeExact(to, from, bytes, stream));
    }

    static void deviceToHost(MemorySegment to, long from, long bytes, long stream) {
        check("a copy from the device", () -> (int) DEVICE_TO_HOST.invokeExact(to, from, bytes, stream));
    }

    static void deviceToDevice(long to, long from, long bytes, long stream) {
        check("a copy on the device", () -> (int) DEVICE_TO_DEVICE.invokeExact(to, from, bytes, stream));
    }

    static void setWords(long to, int value, long words, long stream) {
        check("filling memory", () -> (int) SET_WORDS.invokeExact(to, value, words, stream));
    }

    static void synchronize(long stream) {
        check("waiting for the device", () -> (int) SYNCHRONIZE.invokeExact(stream));
    }

    static void setCurrent(long context) {
        check("entering the context", () -> (int) SET_CURRENT.invokeExact(context));
    }

    /** @param address where the new memory's address is put
     *  @return the driver's code */
    static int allocate(MemorySegment address, long bytes) {
        return code(() -> (int) ALLOCATE.invokeExact(address, bytes));
    }

    static void free(long address) {
        check("freeing memory", () -> (int) FREE.invokeExact(address));
    }

    static void check(String what, Call call) {
        CudaException.check(code(call), what);
    }

    private static int code(Call call) {
        try {
            return call.make();
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }
}
