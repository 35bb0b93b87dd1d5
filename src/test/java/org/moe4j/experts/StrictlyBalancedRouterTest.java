package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;
import org.moe4j.train.Adam;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;

class StrictlyBalancedRouterTest {
    private static final int DIM = 4;

    @Property(tries = 100)
    void everyExpertGetsExactlyM(@ForAll @IntRange(min = 1, max = 9) int experts, @ForAll @DoubleRange(min = 0.1, max = 9) double perToken,
                                 @ForAll @IntRange(min = 1, max = 30) int tokens, @ForAll long seed) {
        StrictlyBalancedRouter.Spec spec = new StrictlyBalancedRouter.Spec(experts, Math.min(perToken, experts), 0.01);
        try (Tape t = Trial.tape()) {
            Routing routing = Trial.build(spec, DIM, seed).route(t, Trial.normal("x", seed, tokens, DIM), Pass.training(1, tokens, seed, 0));
            assertThat(RoutingStatistics.of(routing).load()).containsOnly(spec.perExpert(tokens)).hasSize(experts);
            sumsAreOneOrZero(routing);
        }
    }

    private static void sumsAreOneOrZero(Routing routing) {
        for (double[] gates : Trial.gates(routing)) {
            double sum = Arrays.stream(gates).sum();
            assertThat(sum == 0 || Math.abs(sum - 1) < 1e-12).as("the gates of a token sum to %s", sum).isTrue();
        }
    }

    /** k|X|/n is m where it is whole, else m is the nearest whole number, never 0. */
    @Example
    void mIsKTimesTokensOverExperts() {
        assertThat(new StrictlyBalancedRouter.Spec(8, 2, 0).perExpert(64)).isEqualTo(16);
        assertThat(new StrictlyBalancedRouter.Spec(8, 2, 0).perExpert(65)).isEqualTo(16);
        assertThat(new StrictlyBalancedRouter.Spec(8, 2, 0).perExpert(67)).isEqualTo(17);
        assertThat(new StrictlyBalancedRouter.Spec(8, 2, 0).perExpert(1)).isEqualTo(1);
        assertThat(new StrictlyBalancedRouter.Spec(8, 8, 0).perExpert(5)).isEqualTo(5);
    }

    /** Gates 0.6 0.4, 0.7 0.3, 0.2 0.8: with m = 1 expert 0 keeps the second token, expert 1 the third; the first has none. */
    @Example
    void aHandComputedBatch() {
        Parameter weight = Trial.normal("weight", 1, 2, 2);
        weight.data().write(0, 1, 0, 0, 1);
        Parameter threshold = Trial.normal("threshold", 1, 2);
        threshold.data().write(0, 0.5, 0.35);
        Router router = new StrictlyBalancedRouter(new StrictlyBalancedRouter.Spec(2, 2 / 3.0, 0.5), weight, threshold);
        Parameter x = Trial.normal("x", 1, 3, 2);
        x.data().write(0, Math.log(0.6), Math.log(0.4), Math.log(0.7), Math.log(0.3), Math.log(0.2), Math.log(0.8));
        try (Tape t = Trial.tape()) {
            Routing training = router.route(t, x, Pass.training(1, 3, 1, 0));
            assertThat(Trial.gates(training)).isDeepEqualTo(new double[][] {{0, 0}, {1, 0}, {0, 1}});
            // above their thresholds and not kept: 0.6 - 0.5 and 0.4 - 0.35
            AuxiliaryLoss loss = training.losses().getFirst();
            assertThat(loss.weight()).isEqualTo(0.5);
            assertThat(loss.value().value().item()).isCloseTo(0.15, within(1e-12));
            t.backward(loss.value());
            assertThat(threshold.gradientToDoubles()).containsExactly(-1, -1);     // each kept one too many: descent raises both
            double[][] elsewhere = Trial.gates(router.route(t, x, Pass.evaluation(1, 3)));
            assertThat(elsewhere[0]).containsExactly(new double[] {0.6, 0.4}, within(1e-12));
            assertThat(elsewhere[1]).containsExactly(1, 0);
            assertThat(elsewhere[2]).containsExactly(0, 1);
        }
    }

    /** L_batchwise is 0 where the masks agree, and never below. */
    @Property(tries = 60)
    void theLossIsLeastWhereTheMasksAgree(@ForAll long seed, @ForAll @IntRange(min = 1, max = 11) int m) {
        try (Tape t = Trial.tape()) {
            Variable x = t.softmax(Trial.normal("logits", seed, 12, 3));
            int[] top = t.topK(t.transpose(x), m).indices().toArray();
            double[] sorted = t.topK(t.transpose(x), 12).values().value().toDoubles();
            double[] between = IntStream.range(0, 3).mapToDouble(e -> (sorted[12 * e + m - 1] + sorted[12 * e + m]) / 2).toArray();
            assertThat(StrictlyBalancedRouter.loss(t, x, t.constant(Shape.of(3), between), top).value().item()).isCloseTo(0, within(1e-12));
            double elsewhere = StrictlyBalancedRouter.loss(t, x, Trial.normal("threshold", seed, 3), top).value().item();
            assertThat(elsewhere).isGreaterThanOrEqualTo(-1e-12);
        }
    }

    /** Outside training a token's experts are its own business: they are the same alone and in a batch. */
    @Property(tries = 40)
    void aThresholdLooksAtOneTokenOnly(@ForAll long seed) {
        Router router = Trial.build(new StrictlyBalancedRouter.Spec(), DIM, seed);
        Parameter x = Trial.normal("x", seed, 6, DIM);
        try (Tape t = Trial.tape()) {
            Routing all = router.route(t, x, Pass.evaluation(1, 6));
            sumsAreOneOrZero(all);
            for (int token = 0; token < 6; token++) {
                Routing alone = router.route(t, t.slice(x, 0, token, token + 1), Pass.evaluation(1, 1));
                assertThat(Trial.gates(alone)[0]).containsExactly(Trial.gates(all)[token], within(1e-12));
            }
        }
    }

    /** A layer whose thresholds let nothing through answers 0. */
    @Example
    void tokensWithoutAnExpert() {
        MixtureOfExperts.Spec spec = new MixtureOfExperts.Spec(new StrictlyBalancedRouter.Spec(), new MlpExperts.Spec());
        FeedForward layer = spec.build(DIM, new Init(Trial.ON, 1));
        Trial.ON.fill(Trial.named(layer, "threshold").data(), 2);
        try (Tape t = Trial.tape()) {
            FeedForward.Result result = layer.forward(t, Trial.normal("x", 1, 5, DIM), Pass.evaluation(1, 5));
            assertThat(result.y().value().toDoubles()).containsOnly(0);
            assertThat(RoutingStatistics.of(result.routing()).unroutedTokens()).isEqualTo(5);
        }
    }

    /** Padding takes no expert's place. */
    @Property(tries = 30)
    void paddingIsAsIfItWereNotThere(@ForAll @IntRange(min = 1, max = 255) int mask, @ForAll boolean training, @ForAll long seed) {
        boolean[] keep = new boolean[8];
        IntStream.range(0, 8).forEach(i -> keep[i] = (mask >> i & 1) == 1);
        int[] kept = IntStream.range(0, 8).filter(i -> keep[i]).toArray();
        Router router = Trial.build(new StrictlyBalancedRouter.Spec(), DIM, seed);
        Parameter x = Trial.normal("x", seed, 8, DIM);
        try (Tape t = Trial.tape()) {
            Pass whole = training ? Pass.training(1, 8, 1, 0) : Pass.evaluation(1, 8);
            Pass part = training ? Pass.training(1, kept.length, 1, 0) : Pass.evaluation(1, kept.length);
            double[][] masked = Trial.gates(router.route(t, x, whole.withKeep(keep)));
            double[][] without = Trial.gates(router.route(t, t.gatherRows(x, kept), part));
            for (int i = 0; i < kept.length; i++) {
                assertThat(masked[kept[i]]).containsExactly(without[i], within(1e-12));
            }
            assertThat(IntStream.range(0, 8).filter(i -> !keep[i])).allMatch(i -> Arrays.stream(masked[i]).sum() == 0);
        }
    }

    /** Trained on one distribution, the thresholds let through what the batch would: k experts a token within a tenth. */
    @Example
    void thresholdsComeToStandForTheBatch() {
        StrictlyBalancedRouter.Spec spec = new StrictlyBalancedRouter.Spec(8, 2, 1);
        Router router = spec.build(DIM, new Init(Trial.ON, 3));
        Parameter threshold = Trial.named(router, "threshold");
        Optimizer optimizer = new Adam.Spec().build(Trial.ON, List.of(threshold));
        for (int step = 0; step < 200; step++) {
            try (Tape t = Trial.tape()) {
                Routing routing = router.route(t, Trial.normal("x" + step, 1, 256, DIM), Pass.training(1, 256, 1, step));
                t.backward(routing.losses().getFirst().value());
                optimizer.step(0.005 * (1 - step / 200.0));
                Gradients.clear(Trial.ON, router.parameters());
            }
        }
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, Trial.normal("other", 2, 4096, DIM), Pass.evaluation(1, 4096));
            for (long load : RoutingStatistics.of(routing).load()) {
                assertThat(load / 4096.0).isCloseTo(2 / 8.0, within(0.025));
            }
        }
    }
}
