package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** Every optimizer against its formula, written out for one weight. */
class OptimizerTest {
    private static final double[] GRADIENTS = {0.5, -1.25, 0.75, 0.1, -0.3};
    private static final double LR = 0.1;
    private final Backend on = new ReferenceBackend();

    static List<OptimizerSpec> specs() {
        return List.of(new Adam.Spec(), new Adam.Spec(0.8, 0.9, 1e-6, 0.1, true, false), new Adam.Spec(null, null, null, null, false, true),
            new Adam.Spec().withGroups(new Adam.Group("x", 0.05, 1e-10, 0.0)), new AdamW.Spec(0.9, 0.95, 0.1).withGroups(Adam.Group.values(1e-3)),
            new AdamW.Spec(0.9, 0.95, 0.1), new AdamW.Spec(null, null, null, 0.1, true, null), new Sgd.Spec(), new Sgd.Spec(0.9, false, 0.1),
            new Sgd.Spec(0.9, true, null), new Adagrad.Spec(0.1, null, 0.1), new RmsProp.Spec(), new RmsProp.Spec(0.9, null, 0.5, true, 0.1),
            new Adafactor.Spec(), new Adafactor.Spec(false, true, null, null, null, null, null, null, 0.9, 0.1), Adafactor.Spec.external());
    }

    /** The path of a weight that starts at 2 and is fed GRADIENTS, against {@code expected(gradient, weight)} step by step. */
    private void follows(OptimizerSpec spec, Step expected) {
        Fed weight = Fed.weight(on, "w", Shape.of(1), 2);
        Optimizer optimizer = spec.build(on, List.of(weight.parameter()));
        double p = 2;
        for (int t = 1; t <= GRADIENTS.length; t++) {
            weight.feed(GRADIENTS[t - 1]);
            optimizer.step(LR);
            weight.clear();
            p = expected.next(t, GRADIENTS[t - 1], p);
            assertThat(weight.values()[0]).as("%s, step %d", spec, t).isCloseTo(p, within(1e-14));
        }
    }

    private interface Step {
        double next(int t, double g, double p);
    }

    /** Rates and decays of their own for what has "values" among the parts of its name. */
    @Test
    void aGroupHasWhatItSaysAndTheRestOfTheOthers() {
        for (OptimizerSpec grouped : List.of(new Adam.Spec(null, null, 1e-3, 0.1, null, null).withGroups(new Adam.Group("values", 0.02, 1e-9, 0.0)),
                new AdamW.Spec(null, null, 1e-3, 0.1, null, null).withGroups(new Adam.Group("values", 0.02, 1e-9, 0.0)))) {
            boolean decoupled = grouped instanceof AdamW.Spec;
            OptimizerSpec ofRest = decoupled ? new AdamW.Spec(null, null, 1e-3, 0.1, null, null) : new Adam.Spec(null, null, 1e-3, 0.1, null, null);
            double[] rest = path(ofRest, LR, "blocks.1.feedForward.query.weight");
            double[] values = path(new Adam.Spec(null, null, 1e-9, null, null, null), 0.02, "w");
            assertThat(path(grouped, LR, "blocks.1.feedForward.query.weight")).isEqualTo(rest).isNotEqualTo(values);
            assertThat(path(grouped, LR, "valuesOfMine.weight")).isEqualTo(rest);
            assertThat(path(grouped, LR, "shared.memory.values")).isEqualTo(values);
            assertThat(path(grouped, 7 * LR, "shared.memory.values")).as("whatever the schedule says").isEqualTo(values);
        }
        assertThatThrownBy(() -> new Adam.Group("values", -1.0, null, null)).isInstanceOf(InputException.class).hasMessageStartingWith("learningRate is -1.0");
    }

    private double[] path(OptimizerSpec spec, double learningRate, String name) {
        Fed weight = Fed.table(on, name, Shape.of(1, 1), 2);
        Optimizer optimizer = spec.build(on, List.of(weight.parameter()));
        double[] path = new double[GRADIENTS.length];
        for (int t = 0; t < path.length; t++) {
            weight.feedAll(1e-3 * GRADIENTS[t]);
            optimizer.step(learningRate);
            weight.clear();
            path[t] = weight.values()[0];
        }
        return path;
    }

    @Test
    void adamMovesByTheLearningRateAtFirst() {
        Fed weight = Fed.weight(on, "w", Shape.of(2), 1, 1);
        weight.feed(0.5, -80);
        new Adam.Spec().build(on, List.of(weight.parameter())).step(LR);
        assertThat(weight.values()[0]).isCloseTo(1 - LR * 0.5 / (0.5 + 1e-8), within(1e-15)); // m and v are the gradient and its square
        assertThat(weight.values()[1]).isCloseTo(1 + LR * 80 / (80 + 1e-8), within(1e-15));
    }

    @Test
    void adam() {
        double[] s = new double[2];
        follows(new Adam.Spec(0.8, 0.9, 1e-6, 0.1, false, false), (t, g, p) -> {
            g += 0.1 * p;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.9 * s[1] + 0.1 * g * g;
            return p - LR * (s[0] / (1 - Math.pow(0.8, t))) / (Math.sqrt(s[1] / (1 - Math.pow(0.9, t))) + 1e-6);
        });
    }

    @Test
    void adamWithEpsilonHat() {
        double[] s = new double[2];
        follows(new Adam.Spec(0.8, 0.9, 1e-2, null, null, true), (t, g, p) -> {
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.9 * s[1] + 0.1 * g * g;
            return p - LR * Math.sqrt(1 - Math.pow(0.9, t)) / (1 - Math.pow(0.8, t)) * s[0] / (Math.sqrt(s[1]) + 1e-2);
        });
    }

    @Test
    void amsgradDividesByTheLargestSecondMoment() {
        double[] s = new double[3];
        follows(new AdamW.Spec(0.8, 0.5, 1e-6, 0.2, true, null), (t, g, p) -> {
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.5 * s[1] + 0.5 * g * g;
            s[2] = Math.max(s[2], s[1]);
            return p * (1 - LR * 0.2) - LR * (s[0] / (1 - Math.pow(0.8, t))) / (Math.sqrt(s[2] / (1 - Math.pow(0.5, t))) + 1e-6);
        });
    }

    @Test
    void sgdWithNesterovMomentum() {
        double[] v = new double[1];
        follows(new Sgd.Spec(0.9, true, 0.1), (t, g, p) -> {
            g += 0.1 * p;
            v[0] = 0.9 * v[0] + g;
            return p - LR * (g + 0.9 * v[0]);
        });
    }

    @Test
    void adagrad() {
        double[] sum = new double[1];
        follows(new Adagrad.Spec(0.5, 1e-3, 0.1), (t, g, p) -> {
            g += 0.1 * p;
            sum[0] += g * g;
            return p - LR / (1 + (t - 1) * 0.5) * g / (Math.sqrt(sum[0]) + 1e-3);
        });
    }

    @Test
    void rmsPropCentredWithMomentum() {
        double[] s = new double[3];
        follows(new RmsProp.Spec(0.7, 1e-3, 0.5, true, 0.1), (t, g, p) -> {
            g += 0.1 * p;
            s[0] = 0.7 * s[0] + 0.3 * g * g;
            s[1] = 0.7 * s[1] + 0.3 * g;
            s[2] = 0.5 * s[2] + g / (Math.sqrt(s[0] - s[1] * s[1]) + 1e-3);
            return p - LR * s[2];
        });
    }

    @Test
    void adafactorOfAVectorWithFirstMoment() {
        double[] s = new double[2];
        follows(new Adafactor.Spec(true, true, true, null, null, 0.5, null, null, 0.9, 0.1), (t, g, p) -> {
            double rate = Math.min(1e-6 * t, 1 / Math.sqrt(t)) * Math.max(1e-3, Math.abs(p));
            double beta2 = 1 - Math.pow(t, -0.8);
            s[0] = beta2 * s[0] + (1 - beta2) * (g * g + 1e-30);
            double u = g / Math.sqrt(s[0]);
            u = rate * u / Math.max(1, Math.abs(u) / 0.5);
            s[1] = 0.9 * s[1] + 0.1 * u;
            return p * (1 - 0.1 * rate) - s[1];
        });
    }

    /** (1,4;9,16), the squares, has the row means 2.5 and 12.5, whose mean is 7.5, and the column means 5 and 10. */
    @Test
    void adafactorFactorsAMatrix() {
        Fed weight = Fed.weight(on, "w", Shape.of(2, 2), 0, 0, 0, 0);
        weight.feed(1, 2, 3, 4);
        Optimizer optimizer = new Adafactor.Spec(false, false, null, null, null, 10.0, null, null, null, null).build(on, List.of(weight.parameter()));
        optimizer.step(LR);
        double[] v = {2.5 * 5 / 7.5, 2.5 * 10 / 7.5, 12.5 * 5 / 7.5, 12.5 * 10 / 7.5};
        for (int i = 0; i < 4; i++) {
            assertThat(weight.values()[i]).isCloseTo(-LR * (i + 1) / Math.sqrt(v[i]), within(1e-14));
        }
        assertThat(optimizer.state().get("w.rows").toDoubles()).containsExactly(2.5, 12.5);
        assertThat(optimizer.state().get("w.columns").toDoubles()).containsExactly(5, 10);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void aWeightWithoutGradientIsUpdatedWithZeros(OptimizerSpec spec) {
        Fed never = Fed.weight(on, "w", Shape.of(3), 1, -2, 3);
        Fed zero = Fed.weight(on, "w", Shape.of(3), 1, -2, 3);
        zero.feed(0, 0, 0);
        spec.build(on, List.of(never.parameter())).step(LR);
        spec.build(on, List.of(zero.parameter())).step(LR);
        assertThat(never.values()).isEqualTo(zero.values());
    }

    @ParameterizedTest
    @MethodSource("specs")
    void buffersAreLeftOut(OptimizerSpec spec) {
        Tensor value = new Tensor(Shape.of(2), on.allocate(2));
        value.data().write(0, 3, 4);
        Optimizer optimizer = spec.build(on, List.of(new Parameter("mean", Parameter.Kind.BUFFER, value)));
        optimizer.step(LR);
        assertThat(value.toDoubles()).containsExactly(3, 4);
        assertThat(optimizer.state()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("specs")
    void saysHowMuchItKeeps(OptimizerSpec spec) {
        for (Shape shape : List.of(Shape.of(5), Shape.of(4, 3), Shape.of(2, 3, 4))) {
            Fed weight = Fed.weight(on, "w", shape, new double[(int) shape.size()]);
            long kept = spec.build(on, List.of(weight.parameter())).state().values().stream().mapToLong(s -> s.shape().size()).sum();
            assertThat(spec.stateBytes(weight.parameter(), on)).isEqualTo(kept * on.bytesPerValue());
        }
        assertThat(new Adam.Spec().state(Shape.of(10, 10)).values()).containsExactly(Shape.of(10, 10), Shape.of(10, 10));
        assertThat(new Adafactor.Spec().state(Shape.of(10, 20)).values().stream().mapToLong(Shape::size).sum()).isEqualTo(30);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void readsBackFromYaml(OptimizerSpec spec) {
        record Holder(OptimizerSpec optimizer) {}
        SpecReader reader = new SpecReader();
        assertThat(reader.parse(reader.toYaml(new Holder(spec)), Holder.class).optimizer()).isEqualTo(spec);
    }

    @Test
    void aSpecNeedSayOnlyWhatDiffers() {
        record Holder(OptimizerSpec optimizer) {}
        assertThat(new SpecReader().parse("optimizer: {type: sgd, momentum: 0.9}", Holder.class).optimizer()).isEqualTo(new Sgd.Spec(0.9, false, 0.0));
        assertThatThrownBy(() -> new SpecReader().parse("optimizer: {type: adamm}", Holder.class))
            .isInstanceOf(InputException.class).hasMessageContaining("adamm").hasMessageContaining("adam");
    }

    @Test
    void refusesValuesOutOfRange() {
        assertThatThrownBy(() -> new Adam.Spec(1.0, null, null, null, null, null))
            .isInstanceOf(InputException.class).hasMessage("beta1 is 1.0, want at least 0 and below 1");
        assertThatThrownBy(() -> new Sgd.Spec(null, null, Double.NaN))
            .isInstanceOf(InputException.class).hasMessage("weightDecay is NaN, want a finite number of at least 0");
    }

    @Test
    void warmsUpThenFalls() {
        DoubleUnaryOperator cosine = s -> new Schedule.Cosine(3, 0.1).factor((long) s, 7);
        assertThat(cosine.applyAsDouble(0)).isCloseTo(1.0 / 3, within(1e-15));
        assertThat(cosine.applyAsDouble(2)).isEqualTo(1);
        assertThat(cosine.applyAsDouble(3)).isEqualTo(1);
        assertThat(cosine.applyAsDouble(5)).isCloseTo(0.55, within(1e-15)); // half way: 0.1 + 0.9/2
        assertThat(cosine.applyAsDouble(7)).isCloseTo(0.1, within(1e-15));
        Schedule noam = new Schedule.InverseSqrt(4);
        assertThat(noam.factor(0, 100)).isEqualTo(0.25);
        assertThat(noam.factor(3, 100)).isEqualTo(1);
        assertThat(noam.factor(15, 100)).isEqualTo(0.5);
        assertThat(new Schedule.Constant(null).factor(0, 1)).isEqualTo(1);
        assertThatThrownBy(() -> new Schedule.Constant(-1)).isInstanceOf(InputException.class).hasMessage("warmup is -1, want 0 steps or more");
    }

    @Test
    void clipsByTheNormOfAllGradientsTogether() {
        Fed weight = Fed.weight(on, "w", Shape.of(2), 0, 0);
        Fed table = Fed.table(on, "t", Shape.of(5, 2), new double[10]);
        weight.feed(2, 4);
        table.feedRows(new int[] {1, 3, 1}, 1, 0, 0, 4, 1, 6); // row 1 adds up to (2, 6)
        List<Parameter> all = List.of(weight.parameter(), table.parameter());
        double norm = Gradients.norm(on, all);
        assertThat(norm).isCloseTo(Math.sqrt(4 + 16 + 4 + 36 + 16), within(1e-14));
        Gradients.clipNorm(on, all, norm, 100);
        assertThat(weight.parameter().grad().toDoubles()).containsExactly(2, 4);
        Gradients.clipNorm(on, all, norm, 1);
        assertThat(weight.parameter().grad().get(1)).isCloseTo(4 / (norm + 1e-6), within(1e-15));
        assertThat(table.parameter().rowGrad().values().get(1)).isCloseTo(6 / (norm + 1e-6), within(1e-15));
    }

    /** Two tokens read three rows each: the gradient stays a sum of products for one optimizer, and is added up for the other. */
    @Test
    void rowsThatAreNotAddedUpAreClippedAndUpdatedAlike() {
        double[] start = Fed.normal(10, 1);
        Fed sums = Fed.table(on, "t", Shape.of(5, 2), start);
        Fed rows = Fed.table(on, "t", Shape.of(5, 2), start);
        for (Fed fed : List.of(sums, rows)) {
            List<Parameter> all = List.of(fed.parameter());
            Optimizer adam = new Adam.Spec().build(on, all);
            for (int step = 0; step < 3; step++) {
                try (Tape t = new Tape(on, fed.arena())) {
                    Variable weights = t.constant(Shape.of(2, 3), 1, -2, 0.5, 3, 1, 0.25);
                    Variable y = t.gatherSum(weights, fed.parameter(), new int[] {4, 1, 4, 0, -1, 1}, 3);
                    t.backward(List.of(y), List.of(new double[] {1, 2, -1, 0.5}));
                }
                if (fed == rows) {
                    assertThat(fed.parameter().rowGrad().values().get(5)).isEqualTo(1.5 * 2);         // row 4, by the first token alone
                }
                assertThat(fed.parameter().rowGrad().isAddedUp()).isEqualTo(fed == rows);
                double norm = Gradients.norm(on, all);
                assertThat(norm).isCloseTo(Math.sqrt(9 + 2.25 + 2.25 * 2.25 + 3.875 * 3.875 + 2.25 + 9), within(1e-12));
                Gradients.clipNorm(on, all, norm, 1);
                adam.step(0.1);
                fed.clear();
            }
            assertThat(fed.arena().liveBytes()).isZero();
        }
        assertThat(sums.values()).containsExactly(rows.values(), within(1e-12)).isNotEqualTo(start);
    }

    @Test
    void clipsByValue() {
        Fed weight = Fed.weight(on, "w", Shape.of(3), 0, 0, 0);
        weight.feed(-2, 0.25, 0.75);
        Gradients.clipValue(on, List.of(weight.parameter()), 0.5);
        assertThat(weight.parameter().grad().toDoubles()).containsExactly(-0.5, 0.25, 0.5);
    }

    /**
     * PanGu-Sigma's two groups: 1e-8 for dense weights, 1e-20 for experts, whose gradients are small. A first step of Adam has the size of the
     * learning rate times |g| / (|g| + eps), so with g = 1e-10 it is 1 % of that with the larger one, and all of it with the smaller.
     */
    @Test
    void aGroupWithASmallerEpsilonTakesSmallGradientsInFull() {
        double gradient = (float) 1e-10;
        Adam.Spec spec = new Adam.Spec(0.8, 0.95, 1e-8, null, null, null, List.of(new Adam.Group("experts", null, 1e-20, null)));
        for (String name : List.of("reference", "simd")) {
            try (Backend on = Backends.open(name, 1)) {
                Fed dense = Fed.weight(on, "blocks.0.in.weight", Shape.of(1), 0);
                Fed expert = Fed.weight(on, "blocks.0.experts.in", Shape.of(1), 0);
                Fed table = Fed.table(on, "blocks.1.experts.in", Shape.of(2, 1), 0, 0);
                Optimizer optimizer = spec.build(on, List.of(dense.parameter(), expert.parameter(), table.parameter()));
                dense.feed(gradient);
                expert.feed(gradient);
                table.feedRows(new int[] {1}, gradient);
                optimizer.step(0.5);
                assertThat(dense.values()[0]).isCloseTo(-0.5 * gradient / (gradient + 1e-8), within(1e-6));
                assertThat(expert.values()[0]).isCloseTo(-0.5, within(1e-6));
                assertThat(table.values()).containsExactly(new double[] {0, -0.5}, within(1e-6));
            }
        }
    }
}
