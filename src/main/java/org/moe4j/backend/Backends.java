package org.moe4j.backend;

import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.backend.simd.SimdBackend;

/** Opens a back end by its name. */
public final class Backends {
    private Backends() {}

    /**
     * @param name auto, reference, simd or dry
     * @param threads how many threads simd uses, the calling one included
     * @throws IllegalArgumentException if the name is none of these
     */
    public static Backend open(String name, int threads) {
        return switch (name) {
            case "auto" -> vectorModuleIsThere() ? new SimdBackend(threads) : new ReferenceBackend();
            case "reference" -> new ReferenceBackend();
            case "simd" -> new SimdBackend(threads);
            case "dry" -> new DryBackend();
            default -> throw new IllegalArgumentException("backend '" + name + "' is not known: use auto, reference, simd or dry.");
        };
    }

    /** Asked before any class of the incubating module is loaded. */
    private static boolean vectorModuleIsThere() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }
}
