package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.AdamStep;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.StochasticRounding;

/** What conformance with the reference doesn't see: it compares values that are numbers. */
class HalfAdamTest {
    private static final int N = 4 * Lanes.L;

    /** Also one all bits of which are set, to which noise would add up to a zero. */
    @Test
    void whatIsNoNumberStaysNone() {
        for (int bits : new int[] {0x7FC0_0000, 0x7F80_0001, 0x7FFF_FFFF, -1, 0xFF80_0001}) {
            short[] p = new short[N];
            short[] m = new short[N];
            short[] v = new short[N];
            float[] g = new float[N];
            g[N - 3] = Float.intBitsToFloat(bits);
            AdamConstants adam = new AdamConstants(new AdamStep(0.1, 0.9, 0.999, 1e-8, 1, 1, 0.01));
            assertThat(HalfAdam.step(adam, new StochasticRounding(3, 4), 0, p, 0, g, 0, m, 0, v, 0, N)).isEqualTo(N);
            for (short[] kept : Arrays.asList(p, m, v)) {
                for (int i = 0; i < N; i++) assertThat(Float.isNaN(Bfloat16.value(kept[i]))).as("%d of %x", i, bits).isEqualTo(i == N - 3);
            }
        }
    }
}
