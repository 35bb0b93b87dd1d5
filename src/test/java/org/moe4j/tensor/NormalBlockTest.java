package org.moe4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NormalBlockTest {
    /** Enough of them for every branch but the far tail: 150,000 in the tails, some next to powers of two. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1L << 31, 1L << 40})
    void hasTheBitsOfOneNumberAtATime(long first) {
        CounterRandom random = CounterRandom.of(first, "normal");
        NormalBlock block = new NormalBlock();
        for (long from = first; from < first + 1_000_000;) {
            int n = 1 + random.below(from, NormalBlock.SIZE);
            double[] z = block.of(random, from, n);
            for (int i = 0; i < n; i++) {
                if (Double.doubleToRawLongBits(z[i]) != Double.doubleToRawLongBits(random.normal(from + i))) {
                    assertThat(z[i]).as("counter %d", from + i).isEqualTo(random.normal(from + i));
                }
            }
            from += n;
        }
    }
}
