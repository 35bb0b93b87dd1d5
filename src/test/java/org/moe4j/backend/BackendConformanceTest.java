package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.reference.ReferenceBackend;

/** Every method of every back end against the reference, over awkward sizes, empty slots, ties, null options and slices. */
class BackendConformanceTest {
    private static final Set<String> NOT_COMPUTING = Set.of("name", "deviceName", "bytesPerValue", "allocate", "allocateInts", "store", "freeDeviceBytes", "close");

    /** Combinations of awkward sizes that the emulator runs. */
    private static final int SAMPLE = 15;

    @TestFactory
    Stream<DynamicContainer> agreesWithTheReference() {
        return OpenedBackend.NAMES.stream().map(name -> DynamicContainer.dynamicContainer(name,
                cases(name).stream().map(c -> DynamicTest.dynamicTest(c.method(), () -> agrees(name, c)))));
    }

    @TestFactory
    Stream<DynamicTest> sameBitsOnOneTwoAndThreeThreads() {
        return BackendCase.withHalves().stream().map(c -> DynamicTest.dynamicTest(c.method(), () -> sameBits(c)));
    }

    /** Every other test runs at the machine's own width. */
    @ParameterizedTest
    @ValueSource(ints = {128, 256})
    void agreesAtNarrowerVectorWidths(int bits) throws Exception {
        String printed = ChildJvm.run(List.of("--add-modules=jdk.incubator.vector", "-Dmoe4j.vectorBits=" + bits), ConformanceOf.class, "simd");
        assertThat(printed.lines().toList()).endsWith("agreed");
    }

    @Test
    void everyMethodHasACase() {
        Set<String> computing = Arrays.stream(Backend.class.getDeclaredMethods()).map(Method::getName)
                .filter(name -> !NOT_COMPUTING.contains(name)).collect(Collectors.toSet());
        assertThat(BackendCase.withHalves().stream().map(BackendCase::method).collect(Collectors.toSet())).isEqualTo(computing);
    }

    private static List<BackendCase> cases(String name) {
        return name.equals("simd") ? BackendCase.withHalves() : BackendCase.all();
    }

    private static void agrees(String name, BackendCase c) {
        try (Backend on = OpenedBackend.open(name, 2); Backend reference = new ReferenceBackend()) {
            for (int[] sizes : sizes(name, c)) {
                long seed = Arrays.hashCode(sizes);
                CaseRun.of(reference, c, sizes, seed).assertAgrees(CaseRun.of(on, c, sizes, seed), name + " " + c.method() + Arrays.toString(sizes));
            }
        }
    }

    /** On the emulator, which takes turns with every thread of a GPU, a sample. */
    private static List<int[]> sizes(String name, BackendCase c) {
        if (!name.equals(OpenedBackend.EMULATED)) {
            return c.sizes();
        }
        List<int[]> awkward = c.sizes().subList(0, c.sizes().size() - c.large().size());
        int step = Math.ceilDiv(awkward.size(), SAMPLE);
        return Stream.concat(IntStream.range(0, Math.ceilDiv(awkward.size(), step)).mapToObj(i -> awkward.get(i * step)), c.large().stream().limit(3)).toList();
    }

    private static void sameBits(BackendCase c) {
        try (Backend one = OpenedBackend.open("simd", 1); Backend two = OpenedBackend.open("simd", 2); Backend three = OpenedBackend.open("simd", 3)) {
            for (int[] sizes : Stream.concat(c.large().stream(), c.sizes().stream().skip(c.sizes().size() / 2).limit(20)).toList()) {
                String what = c.method() + Arrays.toString(sizes);
                CaseRun single = CaseRun.of(one, c, sizes, 1);
                single.assertSameBits(CaseRun.of(two, c, sizes, 1), what + " on 2 threads");
                single.assertSameBits(CaseRun.of(three, c, sizes, 1), what + " on 3 threads");
            }
        }
    }
}
