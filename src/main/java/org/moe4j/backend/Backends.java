package org.moe4j.backend;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import org.moe4j.backend.cuda.CudaBackend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.io.InputException;
import org.slf4j.LoggerFactory;

/** Opens a back end by its name. */
public final class Backends {
    /** What {@link #open} knows; {@code auto} is simd where the Vector API module is there, else reference, never a GPU unasked. */
    public static final List<String> NAMES = List.of("auto", "reference", "simd", "cuda", "dry");

    private static final String MODULE = "jdk.incubator.vector";
    private static final String REMEDY = "start java with --add-modules=" + MODULE;

    private static final int MOST_THREADS = 1024;
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private Backends() {}

    /**
     * @param name one of {@link #NAMES}; {@code cuda:1} is the second GPU, {@code cuda+bf16} a GPU with matrix products in that precision,
     *     {@code cuda+graphs} one that launches CUDA graphs
     * @param threads how many threads simd computes on, the calling one included
     * @throws InputException if the name is unknown, there is not even one thread or more than any machine has, simd is asked for without its module, or cuda without a GPU, its driver and
     *     kernels for it
     */
    public static Backend open(String name, int threads) {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new InputException("threads is " + threads + ": a back end computes on 1 to " + MOST_THREADS);
        }
        if (isDevice(name)) {
            return CudaBackend.open(name);
        }
        return switch (name) {
            case "auto" -> vectorModuleIsThere() ? new SimdBackend(threads) : fallBack();
            case "reference" -> new ReferenceBackend();
            case "simd" -> {
                if (!vectorModuleIsThere()) {
                    throw new InputException("the simd back end needs the module " + MODULE + ": " + REMEDY + ", or use the reference back end");
                }
                yield new SimdBackend(threads);
            }
            case "dry" -> new DryBackend();
            default -> throw InputException.unknown("back end", name, NAMES);
        };
    }

    /** Whether a name means a device beside the processor: its memory is its own, and when it fails, its process can't go on. */
    public static boolean isDevice(String name) {
        return name.startsWith("cuda");
    }

    /** Asked first: no class of the incubating module may be loaded where it is missing. */
    private static boolean vectorModuleIsThere() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }

    /** Says so once: a command opens its back end several times. */
    private static Backend fallBack() {
        if (WARNED.compareAndSet(false, true)) {
            LoggerFactory.getLogger(Backends.class).warn("The module {} is missing: using the slow reference back end. For the fast one, {}.", MODULE, REMEDY);
        }
        return new ReferenceBackend();
    }
}
