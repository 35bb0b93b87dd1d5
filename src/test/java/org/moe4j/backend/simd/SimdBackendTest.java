package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SimdBackendTest {
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
