package org.moe4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

import org.junit.jupiter.api.Test;

/** The stream is pinned: a change would silently change every experiment with the same seed. */
class CounterRandomTest {
    private static final int MANY = 200_000;
    private static final CounterRandom RANDOM = CounterRandom.of(1, "test");

    @Test
    void bitsAreSplitMix64() {
        assertThat(LongStream.rangeClosed(1, 3).map(new CounterRandom(1234567)::bits))
                .containsExactly(6457827717110365317L, 3203168211198807973L, -8629252141511181193L);
        SplittableRandom jdk = new SplittableRandom(42);
        CounterRandom ours = new CounterRandom(42);
        for (int i = 1; i <= 100; i++) {
            assertThat(ours.bits(i)).isEqualTo(jdk.nextLong());
        }
    }

    @Test
    void firstValuesNeverChange() {
        assertThat(RANDOM.key()).isEqualTo(1094210388428972809L);
        assertThat(RANDOM.at(7).key()).isEqualTo(-3467516277780396374L);
        assertThat(new double[] {RANDOM.uniform(0), RANDOM.uniform(1), RANDOM.uniform(1L << 40)}).containsExactly(0.8900470733642578, 0.41828101873397827, 0.44105011224746704);
        assertThat(new double[] {RANDOM.normal(0), RANDOM.normal(1), RANDOM.normal(1L << 40)}).containsExactly(1.226778513313786, -0.20629293931586132, -0.1483072832822615);
        assertThat(new int[] {RANDOM.below(0, 10), RANDOM.below(1, 10), RANDOM.below(2, 1 << 20)}).containsExactly(8, 4, 8111);
    }

    @Test
    void uniformNumbersFillTheUnitInterval() {
        double[] u = LongStream.range(0, MANY).mapToDouble(RANDOM::uniform).toArray();
        assertThat(mean(u)).isCloseTo(0.5, within(0.003));
        assertThat(variance(u)).isCloseTo(1 / 12.0, within(0.001));
        assertThat(Arrays.stream(u).allMatch(x -> x >= 0 && x < 1 && x == (float) x)).isTrue();
    }

    @Test
    void normalNumbersHaveMeanZeroAndVarianceOne() {
        double[] z = LongStream.range(0, MANY).mapToDouble(RANDOM::normal).toArray();
        assertThat(mean(z)).isCloseTo(0, within(0.01));
        assertThat(variance(z)).isCloseTo(1, within(0.02));
        double beyondTwo = LongStream.range(0, MANY).filter(i -> Math.abs(z[(int) i]) > 2).count() / (double) MANY;
        assertThat(beyondTwo).isCloseTo(0.0455, within(0.002));
    }

    @Test
    void neighbouringStreamsAreIndependent() {
        double product = 0;
        for (int i = 0; i < MANY; i++) {
            product += RANDOM.at(i).normal(0) * RANDOM.at(i + 1).normal(0);
        }
        assertThat(product / MANY).isCloseTo(0, within(0.01));
        Set<Long> keys = new HashSet<>();
        for (int layer = 0; layer < 100; layer++) {
            keys.add(CounterRandom.of(1, "layers." + layer).key());
            keys.add(CounterRandom.of(layer, "layers.1").key());
        }
        assertThat(keys).hasSize(199);   // (1, "layers.1") is there twice
    }

    @Test
    void wholeNumbersAreEven() {
        int[] count = new int[7];
        for (int i = 0; i < 70_000; i++) {
            count[RANDOM.below(i, 7)]++;
        }
        assertThat(Arrays.stream(count)).allMatch(c -> Math.abs(c - 10_000) < 400);
    }

    private static double mean(double[] x) {
        double sum = 0;
        for (double v : x) {
            sum += v;
        }
        return sum / x.length;
    }

    private static double variance(double[] x) {
        double mean = mean(x);
        double sum = 0;
        for (double v : x) {
            sum += (v - mean) * (v - mean);
        }
        return sum / x.length;
    }
}
