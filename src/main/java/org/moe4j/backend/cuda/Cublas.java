package org.moe4j.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Matrix products of NVIDIA's cuBLAS, 13 or 12, which name these functions alike; JCuda's own binding loads with 12 only. It
 * comes with CUDA, not with the driver, so it may be absent: then our own kernel multiplies.
 *
 * <p>cuBLAS has matrices by columns. A matrix by rows is its transpose by columns, and cᵀ = op(b)ᵀ · op(a)ᵀ: the operands
 * change places, and nothing is moved.
 */
final class Cublas implements AutoCloseable {
    /** A file of the library to use instead of what the system finds, or {@code none}. */
    static final String PROPERTY = "moe4j.cublas";

    private static final Logger LOG = LoggerFactory.getLogger(Cublas.class);
    private static final List<String> NAMES = System.getProperty("os.name").startsWith("Windows") ? List.of("cublas64_13.dll", "cublas64_12.dll")
            : List.of("libcublas.so.13", "libcublas.so.12");
    private static final Optional<Cublas.Library> LIBRARY = find();

    // of cublas_api.h and library_types.h
    private static final int PLAIN = 0;
    private static final int TRANSPOSED = 1;
    private static final int CUDA_R_32F = 0;
    private static final int COMPUTE_32F = 68;
    private static final int COMPUTE_32F_FAST_16BF = 75;
    private static final int COMPUTE_32F_FAST_TF32 = 77;
    private static final int GEMM_DEFAULT = -1;

    /** Bytes of working memory, as its documentation advises for compute capability 9.0. */
    static final long WORKSPACE = 32L << 20;

    private final Library library;
    private final long handle;
    private final int compute;
    private final DeviceStorage workspace;                                         // kept for as long as this is
    private final MemorySegment one;
    private final MemorySegment zero;

    private record Library(MethodHandle create, MethodHandle destroy, MethodHandle setStream, MethodHandle setWorkspace, MethodHandle gemm) {
        static Library of(SymbolLookup symbols) {
            return new Library(handle(symbols, "cublasCreate_v2", ADDRESS), handle(symbols, "cublasDestroy_v2", JAVA_LONG),
                    handle(symbols, "cublasSetStream_v2", JAVA_LONG, JAVA_LONG), handle(symbols, "cublasSetWorkspace_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    handle(symbols, "cublasGemmEx", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT,
                            JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        }

        private static MethodHandle handle(SymbolLookup symbols, String name, MemoryLayout... parameters) {
            return Linker.nativeLinker().downcallHandle(symbols.find(name).orElseThrow(), FunctionDescriptor.of(JAVA_INT, parameters));
        }
    }

    private interface Call {
        int make() throws Throwable;
    }

    private Cublas(Library library, long stream, Precision precision, DeviceStorage workspace) {
        this.library = library;
        compute = switch (precision) {
            case FLOAT32 -> COMPUTE_32F;
            case TF32 -> COMPUTE_32F_FAST_TF32;
            case BF16 -> COMPUTE_32F_FAST_16BF;
        };
        MemorySegment made = Arena.ofAuto().allocate(JAVA_LONG);
        check("cublasCreate_v2", () -> (int) library.create.invokeExact(made));
        handle = made.get(JAVA_LONG, 0);
        check("cublasSetStream_v2", () -> (int) library.setStream.invokeExact(handle, stream));
        this.workspace = workspace;
        if (workspace != null) {
            check("cublasSetWorkspace_v2", () -> (int) library.setWorkspace.invokeExact(handle, workspace.address(), WORKSPACE));
        }
        one = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1);
        zero = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 0);
    }

    /**
     * Products on a stream of the current context; empty where the library is not installed.
     *
     * @param workspace of {@link #WORKSPACE} bytes, or null for the library's own, which it may allocate within a graph
     */
    static Optional<Cublas> on(long stream, Precision precision, DeviceStorage workspace) {
        return LIBRARY.map(library -> new Cublas(library, stream, precision, workspace));
    }

    private static Optional<Library> find() {
        String wanted = System.getProperty(PROPERTY);
        List<String> names = wanted == null ? NAMES : wanted.equals("none") ? List.of() : List.of(wanted);
        for (String name : names) {
            try {
                return Optional.of(Library.of(wanted == null ? SymbolLookup.libraryLookup(name, Arena.global())
                        : SymbolLookup.libraryLookup(java.nio.file.Path.of(name), Arena.global())));
            } catch (IllegalArgumentException absent) {
                LOG.debug("{}", absent.getMessage());
            }
        }
        if (!names.isEmpty()) {
            LOG.warn("{} not found: matrix products take kernels of our own, which are slower.", String.join(" and ", names));
        }
        return Optional.empty();
    }

    /** c (m,n) = op(a) · op(b), or c += if {@code add}, all by rows; nothing of it is empty. */
    void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, long a, long b, long c, boolean add) {
        int opA = transposeA ? TRANSPOSED : PLAIN;
        int opB = transposeB ? TRANSPOSED : PLAIN;
        int widthA = transposeA ? m : k;
        int widthB = transposeB ? k : n;
        MemorySegment beta = add ? one : zero;
        check("cublasGemmEx", () -> (int) library.gemm.invokeExact(handle, opB, opA, n, m, k, one, b, CUDA_R_32F, widthB, a, CUDA_R_32F, widthA, beta,
                c, CUDA_R_32F, n, compute, GEMM_DEFAULT));
    }

    private static void check(String what, Call call) {
        int status;
        try {
            status = call.make();
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
        if (status != 0) {
            throw new IllegalStateException(what + ": cuBLAS returns status " + status);
        }
    }

    @Override
    public void close() {
        check("cublasDestroy_v2", () -> (int) library.destroy.invokeExact(handle));
    }
}
