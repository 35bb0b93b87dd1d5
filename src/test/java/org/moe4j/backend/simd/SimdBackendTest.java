package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.KernelCases;

class SimdBackendTest {
    private static final int SEEDS = 20;

    static Iterable<String> cases() {
        return KernelCases.all().keySet();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReferenceOnAnyNumberOfThreads(String name) {
        for (int seed = 0; seed < SEEDS; seed++) {
            assertThat(Conformance.check(KernelCases.all().get(name), seed)).as(name + ", seed " + seed).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void agreesAtEveryVectorWidth(int bits) throws Exception {
        String java = System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
        Process child = new ProcessBuilder(java, "--add-modules=jdk.incubator.vector", "-Xmx512m", "-Dmoe4j.vectorBits=" + bits,
                "-cp", System.getProperty("java.class.path"), Conformance.class.getName(), "5").redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes());
        assertThat(child.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(said).contains("agreed at " + bits + " bits");
    }

    @Test
    void sumsOfSquaresAreTakenInFloat64() {
        try (SimdBackend on = new SimdBackend(1)) {
            var x = on.allocate(3);
            x.write(0, 1e30f, -1e30f, 1);
            assertThat(on.sumOfSquares(x)).isCloseTo(2 * 1e30 * 1e30, org.assertj.core.data.Percentage.withPercentage(1e-4));
            x.set(1, Double.NaN);
            assertThat(on.sumOfSquares(x)).isNaN();
        }
    }

    @Test
    void topKOfADivergedRowGivesDistinctColumns() {
        try (SimdBackend on = new SimdBackend(1)) {
            var x = on.allocate(40);
            on.fill(x, Double.NaN);
            x.set(21, -3);
            int[] columns = new int[4];
            on.topK(x, 1, 40, 4, on.allocate(4), columns);
            assertThat(columns).doesNotHaveDuplicates().contains(21).startsWith(21);
        }
    }
}
