package org.moe4j.backend;

import java.util.Arrays;
import java.util.List;

import org.moe4j.backend.reference.ReferenceBackend;

/** The conformance cases on simd as a program, for a vector width that only a JVM of its own can have: a sample of the sizes. */
final class ConformanceAtWidth {
    private ConformanceAtWidth() {}

    public static void main(String[] arguments) {
        try (Backend on = Backends.open("simd", 2); Backend reference = new ReferenceBackend()) {
            for (BackendCase c : BackendCase.all()) {
                List<int[]> all = c.sizes();
                for (int i = 0; i < all.size(); i += 29) {
                    agrees(on, reference, c, all.get(i));
                }
                agrees(on, reference, c, c.large().getFirst());
            }
        }
        IO.println("agreed");
    }

    private static void agrees(Backend on, Backend reference, BackendCase c, int[] sizes) {
        CaseRun.of(reference, c, sizes, 3).assertAgrees(CaseRun.of(on, c, sizes, 3), c.method() + Arrays.toString(sizes));
    }
}
