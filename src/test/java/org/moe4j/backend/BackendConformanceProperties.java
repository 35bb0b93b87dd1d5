package org.moe4j.backend;

import java.util.Arrays;

import org.moe4j.backend.reference.ReferenceBackend;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** The cases of {@link BackendConformanceTest} on random sizes. */
class BackendConformanceProperties {
    @Property(tries = 500, seed = "1")
    void agreesWithTheReferenceOnAnySize(@ForAll("backends") String name, @ForAll("cases") BackendCase c,
            @ForAll @IntRange(max = 70) int n1, @ForAll @IntRange(max = 70) int n2, @ForAll @IntRange(max = 70) int n3, @ForAll long seed) {
        int[] sizes = Arrays.copyOf(new int[] {n1, n2, n3}, c.axes());
        for (int axis = 0; axis < sizes.length; axis++) {
            sizes[axis] = Math.min(sizes[axis], c.limit());
        }
        try (Backend on = OpenedBackend.open(name, 3); Backend reference = new ReferenceBackend()) {
            CaseRun.of(reference, c, sizes, seed).assertAgrees(CaseRun.of(on, c, sizes, seed), name + " " + c.method() + Arrays.toString(sizes));
        }
    }

    @Property(tries = 300, seed = "2")
    void agreesWithTheReferenceOnTablesOfHalves(@ForAll("halves") BackendCase c, @ForAll @IntRange(max = 70) int n1, @ForAll @IntRange(max = 70) int n2,
            @ForAll @IntRange(max = 70) int n3, @ForAll long seed) {
        agreesWithTheReferenceOnAnySize("simd", c, n1, n2, n3, seed);
    }

    @Provide
    Arbitrary<BackendCase> halves() {
        return Arbitraries.of(HalfCases.all());
    }

    @Provide
    Arbitrary<String> backends() {
        return Arbitraries.of("simd", OpenedBackend.EMULATED);
    }

    @Provide
    Arbitrary<BackendCase> cases() {
        return Arbitraries.of(BackendCase.all());
    }
}
