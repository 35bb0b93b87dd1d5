package org.moe4j.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Random;

/** OpenBLAS's matrix product. Needs the library (Debian: libopenblas0-pthread) in the loader's path. */
@SuppressWarnings("restricted") // calling native code
final class OpenBlas {
    private static final String LIBRARY = "libopenblas.so.0";
    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;

    private final MethodHandle sgemm;
    private final String version;

    OpenBlas(int threads) {
        SymbolLookup library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        var i = ValueLayout.JAVA_INT;
        var f = ValueLayout.JAVA_FLOAT;
        var p = ValueLayout.ADDRESS;
        Linker linker = Linker.nativeLinker();
        sgemm = linker.downcallHandle(library.findOrThrow("cblas_sgemm"),
            FunctionDescriptor.ofVoid(i, i, i, i, i, i, f, p, i, p, i, f, p, i), Linker.Option.critical(false));
        try {
            linker.downcallHandle(library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(i)).invokeExact(threads);
            MemorySegment config = (MemorySegment) linker.downcallHandle(library.findOrThrow("openblas_get_config"), FunctionDescriptor.of(p)).invokeExact();
            version = config.reinterpret(200).getString(0).split(" ")[1];
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS does not answer.", e);
        }
    }

    static String missing() {
        try {
            SymbolLookup.libraryLookup(LIBRARY, Arena.global());
            return null;
        } catch (IllegalArgumentException absent) {
            return "OpenBLAS (no " + LIBRARY + "; Debian has libopenblas0-pthread)";
        }
    }

    String version() {
        return version;
    }

    /** Memory that a call reads where it lies. */
    static MemorySegment normals(Arena arena, long n, long seed) {
        MemorySegment x = arena.allocate(n * Float.BYTES, 64);
        Random random = new Random(seed);
        for (long i = 0; i < n; i++) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return x;
    }

    /** c (m,n) = a (m,k) · b (k,n). */
    void multiply(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
        try {
            sgemm.invokeExact(ROW_MAJOR, PLAIN, PLAIN, m, n, k, 1f, a, k, b, n, 0f, c, n);
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS failed.", e);
        }
    }
}
