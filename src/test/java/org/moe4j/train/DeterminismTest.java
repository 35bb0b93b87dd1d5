package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.model.LanguageModel;

/** The same spec and seed give the same bits on any number of threads. */
class DeterminismTest {
    private static final long STEPS = 5;

    @Test
    void everyParameterHasTheSameBitsOnOneTwoAndThreeThreads() {
        Map<String, int[]> one = trained(1);
        Map<String, int[]> untrained = bitsOf(Backends.open("simd", 1), 0);
        assertThat(one).allSatisfy((name, bits) -> assertThat(bits).as("training changes " + name).isNotEqualTo(untrained.get(name)));
        for (int threads = 2; threads <= 3; threads++) {
            Map<String, int[]> several = trained(threads);
            one.forEach((name, bits) -> assertThat(Arrays.mismatch(bits, several.get(name))).as(name).isEqualTo(-1));
        }
    }

    private static Map<String, int[]> trained(int threads) {
        return bitsOf(Backends.open("simd", threads), STEPS);
    }

    private static Map<String, int[]> bitsOf(Backend backend, long steps) {
        try (Backend on = backend) {
            LanguageModel model = TrainingOnSimd.model(on);
            if (steps > 0) {
                TrainingOnSimd.trainer(on, model, steps).run(metrics -> assertThat(metrics.skipped()).isFalse());
            }
            Map<String, int[]> bits = new LinkedHashMap<>();
            for (Parameter p : model.parameters()) {
                float[] values = p.value().toFloats();
                int[] pattern = new int[values.length];
                Arrays.setAll(pattern, i -> Float.floatToRawIntBits(values[i]));
                bits.put(p.name(), pattern);
            }
            return bits;
        }
    }
}
