package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Products of lower precision, one and by experts, are those of rounded operands summed in float32. */
class TensorProductsTest {
    /** m, n, k: below, at and above the tiles of 64 and 128 and their slices of K, at and off multiples of 4 values. */
    private static final int[][] SHAPES = {{1, 1, 1}, {7, 5, 3}, {16, 8, 16}, {33, 65, 40}, {64, 64, 32}, {70, 130, 67}, {130, 136, 100}};
    /** Tiles are large where there are so many that every multiprocessor has one. */
    private static final int[] MANY_LARGE = {12 * 128, 11 * 128 - 3, 33};

    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    /** The nearest with so many bits fewer; of two equally near the even one (bfloat16), or the one away from zero (TF32). */
    private static DoubleUnaryOperator rounding(String precision) {
        int bits = precision.equals("bf16") ? 16 : 13;
        return x -> {
            int u = Float.floatToRawIntBits((float) x);
            int below = u & -(1 << bits);
            float low = Float.intBitsToFloat(below);
            float high = Float.intBitsToFloat(below + (1 << bits));
            double toLow = Math.abs(x - low);
            double toHigh = Math.abs(high - x);
            boolean up = toLow == toHigh ? precision.equals("tf32") || (below >> bits & 1) == 1 : toHigh < toLow;
            return up ? high : low;
        };
    }

    /** Float32 numbers, a fifth of them halfway between two of the lower precision. */
    private static double[] numbers(long size, long seed, int halfBit) {
        CounterRandom random = CounterRandom.of(seed, "products");
        double[] x = new double[(int) size];
        Arrays.setAll(x, i -> {
            int u = Float.floatToRawIntBits((float) (2 * random.uniform(i) - 1));
            return Float.intBitsToFloat(i % 5 == 0 ? u & -(2 << halfBit) | 1 << halfBit : u);
        });
        return x;
    }

    private static Storage storage(Backend on, double[] values) {
        Storage x = on.allocate(values.length);
        x.write(0, values);
        return x;
    }

    private interface Product {
        void make(Backend on, Storage a, Storage b, Storage c);
    }

    private static void check(String precision, String what, long sizeA, long sizeB, long sizeC, int terms, Product product) {
        int halfBit = precision.equals("bf16") ? 15 : 12;
        double[] a = numbers(sizeA, 1, halfBit);
        double[] b = numbers(sizeB, 2, halfBit);
        double[] c = numbers(sizeC, 3, halfBit);
        List<double[]> results = new ArrayList<>();
        for (String device : List.of("reference", "cuda+" + precision)) {
            DoubleUnaryOperator rounding = device.equals("reference") ? rounding(precision) : DoubleUnaryOperator.identity();
            try (Backend on = Backends.open(device, 1)) {
                Storage result = storage(on, c);
                product.make(on, storage(on, Arrays.stream(a).map(rounding).toArray()), storage(on, Arrays.stream(b).map(rounding).toArray()), result);
                double[] values = new double[c.length];
                result.read(0, values);
                results.add(values);
            }
        }
        for (int i = 0; i < c.length; i++) {
            assertThat(results.get(1)[i]).as("%s, value %d", what, i).isCloseTo(results.get(0)[i], within(1e-6 * (8 + terms)));
        }
    }

    @ParameterizedTest
    @CsvSource({"tf32, false, false", "tf32, true, false", "tf32, false, true", "tf32, true, true", "bf16, false, false", "bf16, true, false", "bf16, false, true", "bf16, true, true"})
    void ofRoundedOperands(String precision, boolean transposeA, boolean transposeB) {
        for (int[] s : SHAPES) {
            for (boolean add : new boolean[] {false, true}) {
                check(precision, Arrays.toString(s), (long) s[0] * s[2], (long) s[1] * s[2], (long) s[0] * s[1], s[2],
                        (on, a, b, c) -> on.gemm(transposeA, transposeB, s[0], s[1], s[2], a, b, c, add));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"tf32, false, true", "bf16, true, false"})
    void inLargeTiles(String precision, boolean transposeA, boolean transposeB) {
        int[] s = MANY_LARGE;
        check(precision, Arrays.toString(s), (long) s[0] * s[2], (long) s[1] * s[2], (long) s[0] * s[1], s[2],
                (on, a, b, c) -> on.gemm(transposeA, transposeB, s[0], s[1], s[2], a, b, c, false));
    }

    /** Rows of no expert are left alone, and an expert may have none. */
    @ParameterizedTest
    @CsvSource({"tf32, false", "tf32, true", "bf16, false", "bf16, true"})
    void byExperts(String precision, boolean transposeW) {
        int[] starts = {2, 2, 71, 72, 72, 210};
        int rows = 215;
        for (int[] s : SHAPES) {
            check(precision, Arrays.toString(s), (long) rows * s[2], 5L * s[1] * s[2], (long) rows * s[1], s[2],
                    (on, x, w, y) -> on.groupedGemm(IntStorage.of(starts), transposeW, s[1], s[2], x, w, y, true));
        }
    }

    @ParameterizedTest
    @CsvSource({"tf32, false", "tf32, true", "bf16, false", "bf16, true"})
    void gradientsOfWeightsByExperts(String precision, boolean add) {
        int[] starts = {2, 2, 71, 72, 72, 210};
        int rows = 215;
        for (int[] s : SHAPES) {
            check(precision, Arrays.toString(s), (long) rows * s[0], (long) rows * s[1], 5L * s[0] * s[1], 138,
                    (on, a, b, dw) -> on.groupedGemmWeights(IntStorage.of(starts), s[0], s[1], a, b, dw, add));
        }
    }
}
