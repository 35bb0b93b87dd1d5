package org.moe4j.backend;

import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.reference.ReferenceBackend;

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
            case "auto", "reference" -> new ReferenceBackend();
            case "dry" -> new DryBackend();
            default -> throw new IllegalArgumentException("backend '" + name + "' is not known: use auto, reference, simd or dry.");
        };
    }
}
