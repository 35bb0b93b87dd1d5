package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.io.InputException;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Infinities, NaN, huge and tiny values: what a mask, an untidy scale or a diverging model brings. */
@ParameterizedClass
@ValueSource(strings = {"reference", "simd", OpenedBackend.EMULATED})
class ExtremeValuesTest {
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    private final Backend on;

    ExtremeValuesTest(String name) {
        on = OpenedBackend.open(name, 2);
    }

    @AfterEach
    void close() {
        on.close();
    }

    /** In the middle of a vector and in its tail. */
    @Test
    void functionsOfExtremeArguments() {
        double[] arguments = {NAN, INF, -INF, 0, -0.0, 1e-30, -1e-30, 1e-8, -1e-8, 12, -12, 20, -20, 88, -87, 104, -104, 3e38, -3e38};
        List<String> wrong = new ArrayList<>();
        for (Unary f : ElementwiseCases.functions()) {
            boolean periodic = f.function() == Unary.Function.SIN || f.function() == Unary.Function.COS;
            double[] tried = Arrays.stream(arguments).filter(x -> !periodic || !(Math.abs(x) > 1e3)).toArray();
            for (int lead : new int[] {0, 14}) {
                Storage x = on.allocate(lead + tried.length);
                x.slice(lead, tried.length).write(0, tried);
                Storage y = on.allocate(x.size());
                on.unary(f, x, y);
                for (int i = 0; i < tried.length; i++) {
                    float expected = (float) f.value(x.get(lead + i));
                    double allowed = Float.isFinite(expected) ? 1e-6 * Math.max(1, Math.abs(expected)) : 0;
                    double value = (float) y.get(lead + i);
                    boolean right = Float.isNaN(expected) ? Double.isNaN(value) : value == expected || Math.abs(value - expected) <= allowed;
                    if (!right) {
                        wrong.add("%s(%s) is %s, should be %s".formatted(f, x.get(lead + i), value, expected));
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Where a plainer formula would cancel or underflow. */
    @Test
    void smallResultsKeepTheirDigits() {
        for (Unary f : List.of(Unary.EXPM1, Unary.LOG1P, Unary.SIN, Unary.TANH, Unary.ERF, Unary.elu(1), Unary.SILU, Unary.GELU)) {
            assertRelative(f, 1e-6, 1e-6, -1e-6, 1e-5, -1e-4, 1e-3, -1e-2, 0.1);
        }
        for (Unary f : List.of(Unary.EXP, Unary.SIGMOID, Unary.SOFTPLUS)) {
            assertRelative(f, 1e-5, -5, -20, -60);
        }
        assertRelative(Unary.LOG_SIGMOID, 1e-5, 5, 20, 60);
        assertRelative(Unary.NORMAL_CDF, 1e-3, -3, -5);
    }

    @Test
    void nanIsTheSmallestOfTopK() {
        Storage x = on.allocate(40);
        on.fill(x, NAN);
        x.set(21, -3);
        x.set(37, -INF);
        int[] columns = new int[5];
        Storage values = on.allocate(5);
        on.topK(x, 1, 40, 5, values, IntStorage.of(columns));
        assertThat(columns).containsExactly(21, 37, 0, 1, 2);
        assertThat(values.get(0)).isEqualTo(-3);
        assertThat(values.get(4)).isNaN();
    }

    @Test
    void productKeysOfADivergedRowAreDistinct() {
        Storage a = on.allocate(20);
        Storage b = on.allocate(20);
        on.fill(a, NAN);
        b.set(7, 1);
        int[] ids = new int[16];
        on.productTopK(a, b, 1, 20, 16, 16, on.allocate(16), IntStorage.of(ids));
        assertThat(ids).doesNotHaveDuplicates();
        assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < 400);
        a.set(3, 2);
        on.productTopK(a, b, 1, 20, 16, 16, on.allocate(16), IntStorage.of(ids));
        assertThat(ids).doesNotHaveDuplicates().startsWith(3 * 20 + 7);
    }

    @Test
    void productKeysOfADivergedQueryAreDistinctAndNoOthersChange() {
        int rows = 37;
        Storage q = on.allocate(2 * rows);
        on.fill(q, 1);
        Storage keys = on.allocate(200);
        keys.set(150, 5);
        int[] ids = new int[rows * 16];
        on.productKeys(q, keys, keys, rows, 1, 200, 1, 16, on.allocate(ids.length), IntStorage.of(ids), on::allocate, on::allocateInts);
        int[] found = Arrays.copyOf(ids, 16);
        assertThat(found).doesNotHaveDuplicates().startsWith(150 * 200 + 150);
        q.set(2 * 5, NAN);
        q.set(2 * 20 + 1, NAN);
        on.productKeys(q, keys, keys, rows, 1, 200, 1, 16, on.allocate(ids.length), IntStorage.of(ids), on::allocate, on::allocateInts);
        for (int r = 0; r < rows; r++) {
            int[] row = Arrays.copyOfRange(ids, 16 * r, 16 * r + 16);
            if (r == 5 || r == 20) {
                assertThat(row).doesNotHaveDuplicates();
                assertThat(Arrays.stream(row)).allMatch(id -> id >= 0 && id < 200 * 200);
            } else {
                assertThat(row).containsExactly(found);
            }
        }
    }

    @Test
    void minusInfinityMasksALogit() {
        int cols = 21;
        Storage x = on.allocate(cols);
        on.fill(x, -INF);
        x.set(4, 1);
        x.set(19, 1 + Math.log(3));
        Storage y = on.allocate(cols);
        on.softmax(x, 1, cols, y);
        assertThat(values(y)).containsExactly(IntStream.range(0, cols).mapToDouble(c -> c == 4 ? 0.25 : c == 19 ? 0.75 : 0).toArray(), within(1e-6));
        Storage loss = on.allocate(1);
        Storage lse = on.allocate(1);
        on.crossEntropy(x, 1, cols, IntStorage.of(4), 0, loss, lse);
        assertThat(loss.get(0)).isCloseTo(Math.log(4), within(1e-6));
        Storage dloss = on.allocate(1);
        on.fill(dloss, 1);
        Storage dx = on.allocate(cols);
        on.crossEntropyGrad(x, lse, 1, cols, IntStorage.of(4), 0, dloss, dx, true);
        assertThat(values(dx)).containsExactly(IntStream.range(0, cols).mapToDouble(c -> c == 4 ? -0.75 : c == 19 ? 0.75 : 0).toArray(), within(1e-6));
        on.fill(x, -INF);
        on.logSumExp(x, 1, cols, lse);
        assertThat(lse.get(0)).isEqualTo(-INF);
    }

    @Test
    void largeLogitsDoNotOverflow() {
        int cols = 35;
        Storage x = on.allocate(cols);
        for (int c = 0; c < cols; c++) {
            x.set(c, -5000 + 300 * c);
        }
        Storage y = on.allocate(cols);
        Storage lse = on.allocate(1);
        Storage loss = on.allocate(1);
        on.softmax(x, 1, cols, y);
        on.crossEntropy(x, 1, cols, IntStorage.of(cols - 2), 0, loss, lse);
        assertThat(y.get(cols - 1)).isEqualTo(1);
        assertThat(y.get(0)).isZero();
        assertThat(lse.get(0)).isEqualTo(5200);
        assertThat(loss.get(0)).isEqualTo(300);
    }

    @Test
    void attentionWithSharpScoresPicksTheBestKey() {
        int time = 50;
        AttentionShape shape = new AttentionShape(1, time, 1, 1, 1, 1000);
        Storage q = on.allocate(time);
        on.fill(q, 1);
        Storage positions = on.allocate(time);
        for (int t = 0; t < time; t++) {
            positions.set(t, t);
        }
        Storage y = on.allocate(time);
        on.attention(shape, q, positions, positions, null, y, on.allocate(time));
        assertThat(values(y)).containsExactly(values(positions), within(1e-5));
    }

    /** What is not a number at one position stays with the queries that see it, and in the gradients with the keys that are seen by it. */
    @Test
    void attentionKeepsNotANumberFromWhoDoesNotSeeIt() {
        int time = 60;
        int bad = 50;
        AttentionShape shape = new AttentionShape(1, time, 1, 1, 2, 0.5);
        Storage x = on.allocate(2 * time);
        Storage y = on.allocate(2 * time);
        Storage lse = on.allocate(time);
        for (int i = 0; i < 2 * time; i++) {
            x.set(i, i % 7 - 3);
        }
        on.attention(shape, x, x, x, null, y, lse);
        double[] whole = values(y);
        Storage v = on.allocate(2 * time);
        on.copy(x, v);
        v.set(2 * bad, NAN);
        on.attention(shape, x, x, v, null, y, lse);
        assertThat(Arrays.copyOf(values(y), 2 * bad)).containsExactly(Arrays.copyOf(whole, 2 * bad), within(1e-5));
        assertThat(y.get(2 * bad)).isNaN();
        on.attention(shape, x, x, x, null, y, lse);
        Storage dq = on.allocate(2 * time);
        Storage dk = on.allocate(2 * time);
        Storage dv = on.allocate(2 * time);
        on.attentionGrad(shape, x, x, x, null, y, lse, v, dq, dk, dv, null);
        assertThat(Arrays.stream(values(dq), 0, 2 * bad)).allMatch(Double::isFinite);
        assertThat(Arrays.stream(values(dk), 2 * bad + 2, 2 * time)).allMatch(Double::isFinite);
        assertThat(Arrays.stream(values(dv), 2 * bad + 2, 2 * time)).allMatch(Double::isFinite);
        assertThat(dv.get(0)).isNaN();
    }

    /** A variance taken as mean of squares less square of mean would be lost in rounding. */
    @Test
    void layerNormOfValuesFarFromZero() {
        int cols = 257;
        Storage x = on.allocate(cols);
        for (int c = 0; c < cols; c++) {
            x.set(c, 1000 + (c % 2 == 0 ? 1 : -1));
        }
        Storage y = on.allocate(cols);
        Storage mean = on.allocate(1);
        Storage rstd = on.allocate(1);
        on.layerNorm(x, null, null, 1e-5, 1, cols, y, mean, rstd);
        assertThat(rstd.get(0)).isCloseTo(1, within(1e-4));
        assertThat(y.get(0)).isCloseTo(1, within(5e-3));
        assertThat(y.get(cols - 2)).isCloseTo(-1, within(5e-3));
    }

    @Test
    void sumsOfSquaresAreTakenInFloat64AndShowWhatIsNotFinite() {
        Storage x = on.allocate(37);
        x.set(0, 1e30);
        x.set(36, -1e30);
        assertThat(on.sumOfSquares(x)).isCloseTo(2e60, within(1e55));
        x.set(20, NAN);
        assertThat(on.sumOfSquares(x)).isNaN();
        x.set(20, -INF);
        assertThat(on.sumOfSquares(x)).isInfinite();
    }

    @Test
    void notANumberStaysInItsRowOfAProduct() {
        int m = 13;
        int n = 70;
        int k = 19;
        Storage a = on.allocate(m * k);
        on.fill(a, 1);
        a.set(5 * k + 3, NAN);
        Storage b = on.allocate(k * n);
        on.fill(b, 1);
        b.set(n - 1, INF);
        Storage c = on.allocate(m * n);
        on.gemm(false, false, m, n, k, a, b, c, false);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                assertThat(c.get(i * n + j)).isEqualTo(Double.valueOf(i == 5 ? NAN : j == n - 1 ? INF : k));
            }
        }
    }

    @Test
    void aTensorBeyondOneArrayIsRefusedInASentence() {
        Assumptions.assumeFalse(on.name().equals("cuda"), "a device's memory is no array");
        assertThatThrownBy(() -> on.allocate(1L << 32)).isInstanceOf(InputException.class).hasMessageContaining("4294967296 values");
    }

    @Test
    void adamLeavesWhatHasNoGradientAlone() {
        Storage p = on.allocate(20);
        on.fill(p, 0.5);
        Storage g = on.allocate(20);
        g.set(3, 1e15);
        Storage m = on.allocate(20);
        Storage v = on.allocate(20);
        on.adam(new AdamStep(1e-3 / 0.1, 0.9, 0.999, 1e-8, 1 / Math.sqrt(0.001), 1, 0), p, g, m, v);
        assertThat(values(p)).containsExactly(IntStream.range(0, 20).mapToDouble(i -> i == 3 ? 0.499 : 0.5).toArray(), within(1e-7));
    }

    private void assertRelative(Unary f, double tolerance, double... arguments) {
        Storage x = on.allocate(arguments.length);
        x.write(0, arguments);
        Storage y = on.allocate(arguments.length);
        on.unary(f, x, y);
        for (int i = 0; i < arguments.length; i++) {
            double expected = f.value(x.get(i));
            assertThat(y.get(i)).as("%s(%s)", f, x.get(i)).isCloseTo(expected, within(tolerance * Math.abs(expected)));
        }
    }

    private static double[] values(Storage x) {
        return IntStream.range(0, (int) x.size()).mapToDouble(x::get).toArray();
    }
}
