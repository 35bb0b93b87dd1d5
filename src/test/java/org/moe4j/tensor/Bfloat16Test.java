package org.moe4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class Bfloat16Test {
    /** All 65,536 of them are kept by either rounding, NaN as NaN. */
    @Test
    void itsOwnValuesStay() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Bfloat16.value((short) bits);
            for (short kept : new short[] {Bfloat16.nearest(value), Bfloat16.atRandom(value, 0), Bfloat16.atRandom(value, 0xFFFF)}) {
                assertThat(Bfloat16.value(kept)).isEqualTo(Float.valueOf(value));
            }
        }
        assertThat(Bfloat16.value(Bfloat16.atRandom(Float.intBitsToFloat(0x7FFF_FFFF), 0xFFFF))).isNaN();
        assertThat(Bfloat16.value(Bfloat16.nearest(Float.intBitsToFloat(0x7F80_0001)))).isNaN();
    }

    @Test
    void tiesGoToTheEvenNeighbour() {
        assertThat(Bfloat16.value(Bfloat16.nearest(1 + 0x1p-8f))).isEqualTo(1);                  // between 1 and 1 + 2^-7
        assertThat(Bfloat16.value(Bfloat16.nearest(1 + 3 * 0x1p-8f))).isEqualTo(1 + 0x1p-6f);
        assertThat(Bfloat16.value(Bfloat16.nearest(Math.nextUp(1 + 0x1p-8f)))).isEqualTo(1 + 0x1p-7f);
    }

    /** The mean over all noise is the value itself, exactly: each result is a neighbour, and the sum has no room for rounding. */
    @Property(tries = 50)
    void theMeanOverAllNoiseIsTheValue(@ForAll @FloatRange(min = -1000, max = 1000) float value) {
        double sum = 0;
        for (int noise = 0; noise < 1 << 16; noise++) {
            sum += Bfloat16.value(Bfloat16.atRandom(value, noise));
        }
        assertThat(sum / (1 << 16)).isEqualTo(value);
    }

    /** Noise of different steps, of neighbouring places and of both halves has nothing in common: its correlations are those of chance. */
    @Test
    void noiseIsUniformAndIndependent() {
        CounterRandom steps = CounterRandom.of(1, "noise");
        StochasticRounding one = StochasticRounding.of(steps.at(1));
        StochasticRounding two = StochasticRounding.of(steps.at(2));
        int n = 1 << 18;
        double mean = 0;
        double ofSteps = 0;
        double ofNeighbours = 0;
        double ofHalves = 0;
        for (int i = 0; i < n; i++) {
            double here = centred(one.upper(i));
            mean += here / n;
            ofSteps += here * centred(two.upper(i)) / n;
            ofNeighbours += here * centred(one.upper(i + 1)) / n;
            ofHalves += here * centred(one.lower(i)) / n;
        }
        double chance = 5 / Math.sqrt(n);                                            // five deviations of what has deviation 1
        assertThat(new double[] {mean, ofSteps, ofNeighbours, ofHalves}).containsOnly(new double[] {0, 0, 0, 0}, within(chance));
    }

    /** 16 bits as a number of mean 0 and deviation 1. */
    private static double centred(int noise) {
        return (noise / 65535.0 - 0.5) * Math.sqrt(12);
    }
}
