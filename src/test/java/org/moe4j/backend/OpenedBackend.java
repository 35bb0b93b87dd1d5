package org.moe4j.backend;

import java.util.List;

import org.junit.jupiter.api.Assumptions;

/** The back ends held to the reference, opened for tests; one that can't run here aborts its test with the reason. */
final class OpenedBackend {
    static final List<String> NAMES = List.of("simd");

    private OpenedBackend() {}

    static Backend open(String name, int threads) {
        try {
            return Backends.open(name, threads);
        } catch (IllegalArgumentException cannotRun) {
            return Assumptions.abort(cannotRun.getMessage());
        }
    }
}
