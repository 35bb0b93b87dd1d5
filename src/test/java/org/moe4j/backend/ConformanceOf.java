package org.moe4j.backend;

import java.util.Arrays;
import java.util.List;

import org.moe4j.backend.reference.ReferenceBackend;

/** The conformance cases on a back end as a program, for what only a JVM of its own can have, such as a vector width: a sample of the sizes. */
public final class ConformanceOf {
    private ConformanceOf() {}

    /** @param arguments the back end's name, and the methods, all by default */
    public static void main(String[] arguments) {
        List<String> methods = List.of(arguments).subList(1, arguments.length);
        try (Backend on = Backends.open(arguments[0], 2); Backend reference = new ReferenceBackend()) {
            for (BackendCase c : BackendCase.withHalves()) {
                if (methods.isEmpty() || methods.contains(c.method())) {
                    List<int[]> all = c.sizes();
                    for (int i = 0; i < all.size(); i += 29) {
                        agrees(on, reference, c, all.get(i));
                    }
                    agrees(on, reference, c, c.large().getFirst());
                }
            }
        }
        IO.println("agreed");
    }

    private static void agrees(Backend on, Backend reference, BackendCase c, int[] sizes) {
        CaseRun.of(reference, c, sizes, 3).assertAgrees(CaseRun.of(on, c, sizes, 3), c.method() + Arrays.toString(sizes));
    }
}
