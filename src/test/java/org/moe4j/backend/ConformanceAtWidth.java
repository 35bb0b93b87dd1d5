package org.moe4j.backend;

import java.util.Arrays;

import org.moe4j.backend.reference.ReferenceBackend;

/** The conformance cases on simd as a program, for a vector width that only a JVM of its own can have: a sample of the sizes. */
final class ConformanceAtWidth {
    private ConformanceAtWidth() {}

    public static void main(String[] arguments) {
        try (Backend on = Backends.open("simd", 2); Backend reference = new ReferenceBackend()) {
            for (BackendCase c : BackendCase.all()) {
                for (int i = 0; i < c.sizes().size(); i++) {
                    int[] sizes = c.sizes().get(i);
                    if (i % 19 == 0 || i == c.sizes().size() - c.large().size()) {
                        CaseRun.of(reference, c, sizes, i).assertAgrees(CaseRun.of(on, c, sizes, i), c.method() + Arrays.toString(sizes));
                    }
                }
            }
        }
        IO.println("agreed");
    }
}
