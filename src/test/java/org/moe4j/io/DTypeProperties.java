package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Rounding to the two 16-bit types against a search through all of their values. */
class DTypeProperties {
    private static final double[] HALVES = finite(DType.F16);
    private static final double[] BRAINS = finite(DType.BF16);

    @Property(tries = 3000)
    void roundsToTheNearestValueOfTiesToTheEvenOne(@ForAll("doubles") double x) {
        assertNearest(DType.F16, HALVES, x);
        assertNearest(DType.BF16, BRAINS, x);
    }

    @Property(tries = 3000)
    void halfwayBetweenTwoValuesTheEvenOneWins(@ForAll int place, @ForAll boolean nudgedUp, @ForAll boolean nudged) {
        for (DType type : new DType[] {DType.F16, DType.BF16}) {
            double[] values = type == DType.F16 ? HALVES : BRAINS;
            int i = Math.floorMod(place, values.length - 1);
            double middle = (values[i] + values[i + 1]) / 2;                       // exact: two bits more than the type has
            double x = !nudged ? middle : nudgedUp ? Math.nextUp(middle) : Math.nextDown(middle);   // less than a float can tell
            assertNearest(type, values, x);
        }
    }

    @Example
    void everyValueComesBackAsItWas() {
        for (DType type : new DType[] {DType.F16, DType.BF16}) {
            for (int bits = 0; bits < 1 << 16; bits++) {
                double value = value(type, (short) bits);
                short written = written(type, value);
                if (Double.isNaN(value)) {
                    assertThat(value(type, written)).as("%s %x", type, bits).isNaN();
                } else {
                    assertThat(written).as("%s %x", type, bits).isEqualTo((short) bits);
                }
            }
        }
    }

    @Example
    void beyondTheLargestValueIsInfinite() {
        assertThat(value(DType.F16, written(DType.F16, 65519.99))).isEqualTo(65504);
        assertThat(value(DType.F16, written(DType.F16, 65520))).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(value(DType.BF16, written(DType.BF16, Float.MAX_VALUE))).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(value(DType.BF16, written(DType.BF16, -1e300))).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(value(DType.BF16, written(DType.BF16, Float.intBitsToFloat(0x7F80_0001)))).isNaN();
    }

    @Provide
    Arbitrary<Double> doubles() {
        Arbitrary<Double> anyBits = Arbitraries.longs().map(Double::longBitsToDouble).filter(x -> !Double.isNaN(x));
        Arbitrary<Double> anyFloat = Arbitraries.integers().map(Float::intBitsToFloat).filter(x -> !Float.isNaN(x)).map(Float::doubleValue);
        return Arbitraries.oneOf(anyBits, anyFloat, Arbitraries.doubles().between(-70_000, 70_000), Arbitraries.doubles().between(-1e-7, 1e-7).ofScale(12));
    }

    private static void assertNearest(DType type, double[] values, double x) {
        double got = value(type, written(type, x));
        int above = Arrays.binarySearch(values, x);
        if (above >= 0) {
            assertThat(got).isEqualTo(x);
            return;
        }
        above = -above - 1;
        if (above == 0 || above == values.length) {
            double largest = values[values.length - 1];
            double limit = largest + (largest - values[values.length - 2]) / 2;    // where the next value would be as near, and it is even
            assertThat(got).isEqualTo(Math.abs(x) < limit ? Math.copySign(largest, x) : Math.copySign(Double.POSITIVE_INFINITY, x));
            return;
        }
        double low = values[above - 1];
        double high = values[above];
        boolean tie = x - low == high - x;
        double nearer = tie ? (written(type, low) & 1) == 0 ? low : high : x - low < high - x ? low : high;
        assertThat(got).as("%s of %s between %s and %s", type, x, low, high).isEqualTo(nearer);
    }

    private static double[] finite(DType type) {
        return IntStream.range(0, 1 << 16).mapToDouble(bits -> value(type, (short) bits)).filter(Double::isFinite)
            .map(x -> x + 0.0).sorted().distinct().toArray();                      // -0 is 0 here
    }

    private static double value(DType type, short bits) {
        return type.doubleAt(MemorySegment.ofArray(new short[] {bits}), 0);
    }

    private static short written(DType type, double value) {
        short[] bits = new short[1];
        type.put(MemorySegment.ofArray(bits), 0, value);
        return bits[0];
    }
}
