package org.moe4j.backend.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** OpenBLAS on one thread, to compare with. Needs the library (Debian: libopenblas0-pthread) in the loader's path. */
final class OpenBlas {
    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;

    private final MethodHandle sgemm;

    OpenBlas() {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup("libopenblas.so.0", Arena.global());
        } catch (IllegalArgumentException missing) {
            throw new IllegalStateException("OpenBLAS is not installed (libopenblas.so.0): nothing to compare with.", missing);
        }
        var i = ValueLayout.JAVA_INT;
        var f = ValueLayout.JAVA_FLOAT;
        var p = ValueLayout.ADDRESS;
        Linker linker = Linker.nativeLinker();
        sgemm = linker.downcallHandle(library.findOrThrow("cblas_sgemm"),
                FunctionDescriptor.ofVoid(i, i, i, i, i, i, f, p, i, p, i, f, p, i), Linker.Option.critical(true));
        try {
            linker.downcallHandle(library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(i)).invokeExact(1);
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS cannot be set to one thread.", e);
        }
    }

    /** c (m,n) = a (m,k) · b (k,n), which starts at {@code bo}; a and c at {@code row}. */
    void multiply(int m, int n, int k, float[] a, int row, float[] b, int bo, float[] c) throws Throwable {
        MemorySegment from = MemorySegment.ofArray(a).asSlice((long) Float.BYTES * row * k);
        MemorySegment with = MemorySegment.ofArray(b).asSlice((long) Float.BYTES * bo);
        MemorySegment to = MemorySegment.ofArray(c).asSlice((long) Float.BYTES * row * n);
        sgemm.invokeExact(ROW_MAJOR, PLAIN, PLAIN, m, n, k, 1f, from, k, with, n, 0f, to, n);
    }
}
