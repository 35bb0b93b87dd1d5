package org.moe4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

class LayerTest {
    private final Backend on = new ReferenceBackend();
    private final Init init = new Init(on, 3);
    private final Tape t = new Tape(on, new Arena(on));

    private Variable random(int... dims) {
        Variable x = t.filled(Shape.of(dims), 0);
        on.normal(CounterRandom.of(1, "x"), 1, x.data());
        return x;
    }

    @Test
    void attentionWithProbabilitiesEqualsTheFusedOne() {
        MultiHeadAttention slow = new MultiHeadAttention(6, 3, false, init);
        CausalSelfAttention fast = new CausalSelfAttention(6, CausalSelfAttention.Spec.plain(3), init);
        Parameter input = slow.parameters().get(0);
        for (int part = 0; part < 3; part++) {                        // q, k, v are the rows of one weight
            on.copy(input.data().slice(part * 36, 36), fast.parameters().get(part).data());
        }
        on.copy(slow.parameters().get(1).data(), fast.parameters().get(3).data());
        Variable x = random(2, 4, 6);
        MultiHeadAttention.Result result = slow.forward(t, x);
        assertThat(fast.forward(t, t.reshape(x, 8, 6), Pass.evaluation(2, 4)).value().toDoubles())
                .containsExactly(result.y().value().toDoubles(), within(1e-12));
        double[] p = result.probabilities().value().toDoubles();
        for (int row = 0; row < 2 * 3 * 4; row++) {
            int time = row % 4;
            assertThat(Arrays.stream(p, 4 * row, 4 * row + time + 1).sum()).isCloseTo(1, within(1e-12));
            assertThat(Arrays.stream(p, 4 * row + time + 1, 4 * row + 4).sum()).isZero(); // nothing of the future
        }
    }

    @Test
    void positionsMatterOnlyWhereTheyAreGiven() {
        Variable x = random(3, 8);
        Variable swapped = t.gatherRows(x, new int[] {1, 0, 2});
        Pass pass = Pass.evaluation(1, 3);
        RelativeBias.Spec relative = new RelativeBias.Spec(4, 3);
        for (CausalSelfAttention.Spec spec : List.of(CausalSelfAttention.Spec.plain(2), CausalSelfAttention.Spec.rotary(2, 1, 10_000),
                CausalSelfAttention.Spec.relative(2, 3, relative))) {
            CausalSelfAttention attention = new CausalSelfAttention(8, spec, init);
            double[] last = row(attention.forward(t, x, pass), 2);
            double[] lastOfSwapped = row(attention.forward(t, swapped, pass), 2);
            double difference = 0;
            for (int i = 0; i < 8; i++) {
                difference = Math.max(difference, Math.abs(last[i] - lastOfSwapped[i]));
            }
            assertThat(difference > 1e-4).as(spec.toString()).isEqualTo(spec.rotaryBase() != null || spec.relative() != null);
        }
    }

    private static double[] row(Variable x, int row) {
        double[] values = new double[x.shape().columns()];
        x.data().read((long) row * values.length, values);
        return values;
    }

    @Test
    void batchNormKeepsRunningStatistics() {
        BatchNorm norm = new BatchNorm(1, 0, 0.25, init);
        Variable x = t.constant(Shape.of(4, 1), 1, 2, 3, 6);          // mean 3; variance 14/4 biased, 14/3 unbiased
        double root = Math.sqrt(3.5);
        assertThat(norm.forward(t, x, true).value().toDoubles()).containsExactly(new double[] {-2 / root, -1 / root, 0, 3 / root}, within(1e-12));
        assertThat(norm.runningMean().data().get(0)).isEqualTo(0.25 * 3);
        assertThat(norm.runningVariance().data().get(0)).isCloseTo(0.75 + 0.25 * 14 / 3, within(1e-12));
        double expected = (1 - 0.75) / Math.sqrt(0.75 + 0.25 * 14 / 3);
        assertThat(norm.forward(t, x, false).value().toDoubles()[0]).isCloseTo(expected, within(1e-12));
        assertThat(norm.runningMean().data().get(0)).isEqualTo(0.25 * 3); // evaluation left it alone
        assertThatThrownBy(() -> norm.forward(t, t.filled(Shape.of(1, 1), 2), true)).hasMessageContaining("more than one value");
    }

    @Test
    void dropoutKeepsTheMeanAndDependsOnPlaceAndStep() {
        Variable x = t.filled(Shape.of(100_000), 1);
        double[] y = new Dropout(0.2, init.at("a")).forward(t, x, Pass.training(1, 1, 1, 0)).value().toDoubles();
        assertThat(Arrays.stream(y).distinct().toArray()).containsExactlyInAnyOrder(0, 1 / 0.8);
        assertThat(Arrays.stream(y).average().orElseThrow()).isCloseTo(1, within(0.01));
        assertThat(new Dropout(0.2, init.at("a")).forward(t, x, Pass.training(1, 1, 1, 0)).value().toDoubles()).isEqualTo(y);
        assertThat(new Dropout(0.2, init.at("b")).forward(t, x, Pass.training(1, 1, 1, 0)).value().toDoubles()).isNotEqualTo(y);
        assertThat(new Dropout(0.2, init.at("a")).forward(t, x, Pass.training(1, 1, 1, 1)).value().toDoubles()).isNotEqualTo(y);
        assertThat(new Dropout(0.2, init.at("a")).forward(t, x, Pass.evaluation(1, 1))).isSameAs(x);
    }

    @ParameterizedTest
    @EnumSource
    void gatedActivationsMultiply(Activation activation) {
        Variable x = random(5);
        Variable up = t.scale(random(5), 3);
        assertThat(activation.projections()).isEqualTo(activation.gated() ? 2 : 1);
        double[] y = activation.apply(t, x, activation.gated() ? up : null).value().toDoubles();
        double[] doubled = activation.apply(t, x, activation.gated() ? t.scale(up, 2) : null).value().toDoubles();
        for (int i = 0; i < y.length; i++) {
            assertThat(doubled[i]).isCloseTo(activation.gated() ? 2 * y[i] : y[i], within(1e-12));
        }
    }

    @Test
    void anLstmIsItsCellsInTurn() {
        Lstm lstm = new Lstm(3, 4, 1, 0, true, init);
        LstmCell cell = new LstmCell(3, 4, 0, true, init.at("layers").at(0)); // of the same names, so of the same numbers
        Variable x = random(2, 5, 3);
        Variable zero = t.filled(Shape.of(1, 5, 4), 0);
        LstmCell.State state = new LstmCell.State(t.reshape(zero, 5, 4), t.reshape(zero, 5, 4));
        for (int time = 0; time < 2; time++) {
            state = cell.forward(t, t.reshape(t.slice(x, 0, time, time + 1), 5, 3), state);
        }
        Lstm.Result result = lstm.forward(t, x, new LstmCell.State(zero, zero));
        assertThat(result.last().c().value().toDoubles()).containsExactly(state.c().value().toDoubles(), within(1e-12));
        assertThat(row(t.reshape(result.y(), 2, -1), 1)).containsExactly(state.h().value().toDoubles(), within(1e-12));
    }

    /** What scores, bias, cap, clip and norms do, from the definition. */
    @Test
    void capAndClipBoundWhatTheyShould() {
        Variable x = random(6, 8);
        Pass pass = Pass.evaluation(2, 3);
        CausalSelfAttention.Spec plain = CausalSelfAttention.Spec.plain(2);
        double[] y = forward(plain, x, pass);
        assertThat(forward(plain.withSoftCap(1e6), x, pass)).containsExactly(y, within(1e-9));
        assertThat(forward(plain.withSoftCap(0.5), x, pass)).isNotEqualTo(y);
        assertThat(forward(plain.withClip(1e6), x, pass)).isEqualTo(y);
        double[] small = forward(plain.withClip(1e-3), x, pass);                   // values of 1e-3 at most, through a projection of deviation 1/sqrt(8)
        assertThat(Arrays.stream(small).map(Math::abs).max().orElseThrow()).isBetween(1e-4, 1e-2);
    }

    private double[] forward(CausalSelfAttention.Spec spec, Variable x, Pass pass) {
        return new CausalSelfAttention(8, spec, init).forward(t, x, pass).value().toDoubles();
    }

    @Test
    void queryKeyNormsMakeTheScaleOfTheInputIrrelevant() {
        Variable x = random(6, 8);
        Pass pass = Pass.evaluation(2, 3);
        for (CausalSelfAttention.QueryKeyNorm norm : CausalSelfAttention.QueryKeyNorm.values()) {
            CausalSelfAttention.Spec spec = CausalSelfAttention.Spec.plain(2).withNorm(norm);
            double[] y = forward(spec, x, pass);
            double[] doubled = forward(spec, t.scale(x, 2), pass);                // values double, scores only without a norm
            double difference = 0;
            for (int i = 0; i < y.length; i++) {
                difference = Math.max(difference, Math.abs(doubled[i] - 2 * y[i]));
            }
            assertThat(difference < 1e-3).as(norm.toString()).isEqualTo(norm != CausalSelfAttention.QueryKeyNorm.NONE);
        }
    }

    /** Of 32 buckets and 128 places: 16 exact for the past alone, 8 exact for each of two sides. */
    @Test
    void relativePositionsFallIntoBuckets() {
        RelativeBias.Spec spec = RelativeBias.Spec.t5();
        assertThat(IntStream.of(0, -1, -15, -16, -20, -32, -64, -113, -127, -128, -5000).map(d -> spec.bucket(d, true)))
            .containsExactly(0, 1, 15, 16, 17, 21, 26, 31, 31, 31, 31);
        assertThat(IntStream.of(0, -7, -8, -16, -32, -64, -127, -128, -5000).map(d -> spec.bucket(d, false))).containsExactly(0, 7, 8, 10, 12, 14, 15, 15, 15);
        assertThat(IntStream.of(1, 7, 8, 16, 128, 5000).map(d -> spec.bucket(d, false))).containsExactly(17, 23, 24, 26, 31, 31);
    }

    @Test
    void mistakesInAnAttentionAreNamed() {
        CausalSelfAttention.Spec rotary = CausalSelfAttention.Spec.rotary(3, 1, 10_000);
        refused(() -> new CausalSelfAttention(8, rotary, init), "heads is 3", "dim 8");
        refused(() -> new CausalSelfAttention(9, rotary, init), "heads is 3", "dim 9", "even width");
        refused(() -> rotary.withHeadDim(5), "headDim is 5", "even");
        refused(() -> rotary.withHeadDim(0), "headDim is 0");
        refused(() -> rotary.withClip(0), "clip is 0.0");
        refused(() -> rotary.withSoftCap(-30), "softCap is -30.0");
        refused(() -> CausalSelfAttention.Spec.plain(0), "heads is 0");
        refused(() -> CausalSelfAttention.Spec.rotary(3, 2, 10_000), "keyHeads is 2", "heads 3");
        refused(() -> CausalSelfAttention.Spec.rotary(3, 1, 1), "rotaryBase is 1.0");
        refused(() -> new RelativeBias.Spec(6, 128), "buckets is 6");
        refused(() -> new RelativeBias.Spec(32, 16), "maxDistance is 16");
    }

    private static void refused(ThrowingCallable mistake, String... words) {
        assertThatThrownBy(mistake).isInstanceOf(InputException.class).hasMessageContainingAll(words);
    }

    /** What may be left out is left out, and what is written reads back. */
    @Test
    void anAttentionAsText() {
        SpecReader reader = new SpecReader();
        CausalSelfAttention.Spec spec = reader.parse("{heads: 4, keyHeads: 2, rotaryBase: 1e4, biases: query_key_value}", CausalSelfAttention.Spec.class);
        assertThat(spec).isEqualTo(CausalSelfAttention.Spec.rotary(4, 2, 10_000).withBiases(CausalSelfAttention.Biases.QUERY_KEY_VALUE));
        CausalSelfAttention.Spec relative = CausalSelfAttention.Spec.relative(2, 6, RelativeBias.Spec.t5());
        assertThat(reader.toYaml(relative)).contains("buckets: 32").doesNotContain("clip");
        assertThat(reader.parse(reader.toYaml(relative), CausalSelfAttention.Spec.class)).isEqualTo(relative);
    }
}
