package org.moe4j.backend;

import java.util.List;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.moe4j.backend.cuda.CudaEmulator;

/**
 * The back ends held to the reference, opened for tests; one that can't run here aborts its test with the reason. A JVM has one
 * driver, so cuda is a GPU where the machine has a driver, and the emulator elsewhere; with {@code -Dgpu.required=true} the
 * GPU's absence fails.
 */
public final class OpenedBackend {
    public static final String EMULATED = "emulated cuda";
    static final List<String> NAMES = List.of("simd", EMULATED, "cuda");

    private OpenedBackend() {}

    /** @param name of {@link #NAMES}, of those with cuda also with what may stand behind it, as in {@code emulated cuda+graphs} */
    public static Backend open(String name, int threads) {
        if (!name.contains("cuda")) {
            return opened(name, threads);
        }
        String noEmulator = CudaEmulator.load();
        boolean emulated = name.startsWith(EMULATED);
        if (emulated) {
            Assumptions.assumeTrue(noEmulator == null, "emulated CUDA not tested: " + noEmulator);
        } else if (noEmulator == null) {
            absent("this machine has no NVIDIA driver");
        }
        return opened(emulated ? "cuda" + name.substring(EMULATED.length()) : name, threads);
    }

    private static Backend opened(String name, int threads) {
        try {
            return Backends.open(name, threads);
        } catch (IllegalArgumentException cannotRun) {
            return name.startsWith("cuda") ? absent(cannotRun.getMessage()) : Assumptions.abort(cannotRun.getMessage());
        }
    }

    private static Backend absent(String why) {
        if (Boolean.getBoolean("gpu.required")) {
            return Assertions.fail("CUDA device absent, and gpu.required is set: " + why);
        }
        return Assumptions.abort("CUDA device absent: " + why);
    }
}
