package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

class HierarchicalRouterTest {
    private static final int DIM = 3;
    private static final int TOKENS = 7;

    /** Gates and both losses are the formulas of the appendix, written as loops over all groups and experts; without noise. */
    @Property(tries = 60)
    void withoutNoiseItIsTheFormula(@ForAll @IntRange(min = 1, max = 4) int groups, @ForAll @IntRange(min = 1, max = 4) int size,
                                    @ForAll @IntRange(min = 1, max = 4) int primary, @ForAll @IntRange(min = 1, max = 4) int secondary, @ForAll long seed) {
        HierarchicalRouter.Spec spec = new HierarchicalRouter.Spec(groups * size, groups, Math.min(primary, groups), Math.min(secondary, size), 0.1, 0.2, 0);
        Router router = Trial.build(spec, DIM, seed);
        Parameter x = Trial.normal("x", seed, TOKENS, DIM);
        double[][] expected = new double[TOKENS][spec.experts()];
        double[] importance = new double[spec.experts()];
        double[] chosen = new double[spec.experts()];
        try (Tape t = Trial.tape()) {
            for (int token = 0; token < TOKENS; token++) {
                double[] input = Trial.rows(x)[token];
                double[] prim = topSoftmax(product(Trial.named(router, ".gate"), 0, groups, input), spec.primaryTopK());
                for (int i = 0; i < groups; i++) {
                    double[] second = topSoftmax(product(Trial.named(router, "groupGate"), i * size, size, input), spec.secondaryTopK());
                    for (int j = 0; j < size; j++) {
                        expected[token][i * size + j] = prim[i] * second[j];
                        importance[i * size + j] += prim[i] * second[j];
                        chosen[i * size + j] += prim[i] > 0 && second[j] > 0 ? 1 : 0;
                    }
                }
            }
            Routing routing = router.route(t, x, Pass.evaluation(1, TOKENS));
            double[][] gates = Trial.gates(routing);
            for (int token = 0; token < TOKENS; token++) {
                assertThat(gates[token]).containsExactly(expected[token], within(1e-12));
                assertThat(Arrays.stream(gates[token]).sum()).isCloseTo(1, within(1e-12));
            }
            // without noise Load_prim_i = |X^(i)|, so that Load_H is the number of tokens of each expert
            assertThat(routing.losses().get(0).value().value().item()).isCloseTo(squaredVariation(importance), within(1e-9));
            assertThat(routing.losses().get(1).value().value().item()).isCloseTo(squaredVariation(chosen), within(1e-9));
        }
    }

    /** (rows from..from+n) x, of a weight (.., D). */
    private static double[] product(Parameter weight, int from, int n, double[] x) {
        double[] w = weight.value().toDoubles();
        return IntStream.range(from, from + n).mapToDouble(r -> IntStream.range(0, DIM).mapToDouble(d -> w[r * DIM + d] * x[d]).sum()).toArray();
    }

    private static double[] topSoftmax(double[] h, int k) {
        double least = Arrays.stream(h).sorted().toArray()[h.length - k];
        double[] e = Arrays.stream(h).map(v -> v >= least ? Math.exp(v) : 0).toArray();
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(v -> v / sum).toArray();
    }

    private static double squaredVariation(double[] v) {
        double mean = Arrays.stream(v).average().orElseThrow();
        return Arrays.stream(v).map(a -> (a - mean) * (a - mean)).average().orElseThrow() / (mean * mean + 1e-10);
    }

    /** One group is no hierarchy: routing and losses, noise included, are those of the flat router. */
    @Property(tries = 30)
    void oneGroupIsTheFlatRouter(@ForAll boolean training, @ForAll @IntRange(min = 1, max = 5) int topK, @ForAll long seed) {
        Parameter gate = Trial.normal("router.groupGate", seed, 5, DIM);           // the name decides the noise
        Parameter noise = Trial.normal("router.groupNoise", seed, 5, DIM);
        Router flat = new NoisyTopKRouter(new NoisyTopKRouter.Spec(5, topK, 0.1, 0.2, 0.01), gate, noise);
        Router one = Trial.build(new HierarchicalRouter.Spec(5, 1, 1, topK, 0.1, 0.2, 0.01), DIM, seed);
        Trial.named(one, "groupGate").data().write(0, gate.value().toDoubles());
        Trial.named(one, "groupNoise").data().write(0, noise.value().toDoubles());
        Parameter x = Trial.normal("x", seed, TOKENS, DIM);
        Pass pass = training ? Pass.training(1, TOKENS, seed, 0) : Pass.evaluation(1, TOKENS);
        try (Tape t = Trial.tape()) {
            Routing expected = flat.route(t, x, pass);
            Routing routing = one.route(t, x, pass);
            assertThat(routing.expert().toArray()).isEqualTo(expected.expert().toArray());
            assertThat(routing.gates().value().toDoubles()).containsExactly(expected.gates().value().toDoubles(), within(1e-12));
            for (int i = 0; i < 2; i++) {
                assertThat(routing.losses().get(i).value().value().item()).isCloseTo(expected.losses().get(i).value().value().item(), within(1e-9));
            }
        }
    }

    /** Two groups of two, Load_prim (1.5, 2.5); tokens of group 0: P (1, 0.5); of group 1: (0.2, 0.8), (0.4, 0.6), and padding. */
    @Example
    void aHandComputedLoad() {
        try (Tape t = Trial.tape()) {
            Variable p = t.constant(Shape.of(4, 2), 1, 0.5, 0.2, 0.8, 0.4, 0.6, 1, 1);
            double[] load = BalanceLosses.hierarchicalLoad(t, t.constant(Shape.of(2), 1.5, 2.5), p, new int[] {0, 1, 1, -1}).value().toDoubles();
            assertThat(load).containsExactly(new double[] {1.5 * 1 / 1, 1.5 * 0.5 / 1, 2.5 * 0.6 / 2, 2.5 * 1.4 / 2}, within(1e-12));
            double[] none = BalanceLosses.hierarchicalLoad(t, t.constant(Shape.of(2), 1.5, 2.5), p, new int[] {0, 0, 0, 0}).value().toDoubles();
            assertThat(none).containsExactly(new double[] {1.5 * 2.6 / 4, 1.5 * 2.9 / 4, 0, 0}, within(1e-12));
        }
    }

    /** At the zero start every expert gets the same gate weight and the same load, kB/n, up to the noise. */
    @Example
    void bothLossesAreNearZeroAtTheStart() {
        HierarchicalRouter.Spec spec = new HierarchicalRouter.Spec();
        Router router = spec.build(DIM, new Init(Trial.ON, 1));
        int tokens = 6_000;
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, Trial.normal("x", 2, tokens, DIM), Pass.training(1, tokens, 3, 0));
            assertThat(routing.losses()).extracting(AuxiliaryLoss::name).containsExactly("importance", "load");
            for (AuxiliaryLoss loss : routing.losses()) {
                assertThat(loss.value().value().item()).isBetween(1e-9, 3e-3);
            }
            long[] load = RoutingStatistics.of(routing).load();
            for (long each : load) {
                assertThat(each / (double) tokens).isCloseTo(spec.perToken() / spec.experts(), within(0.03));
            }
        }
    }

    /** Through P every token's logits of all groups move the load, chosen or not: that is why the appendix multiplies by Load_prim. */
    @Example
    void theLoadHasAGradientForUnchosenGroups() {
        Parameter clean = Trial.normal("clean", 4, 6, 3);
        try (Tape t = Trial.tape()) {
            NoisyTopKRouter.Gated primary = NoisyTopKRouter.gate(t, clean, t.filled(clean.shape(), 1), Trial.normal("z", 4, 6, 3), null,
                new NoisyTopKRouter.Spec(3, 1, 0, 0, 0));
            int[] group = primary.routing().expert().toArray();
            assertThat(Arrays.stream(group).distinct()).hasSize(3);
            Variable load = BalanceLosses.hierarchicalLoad(t, primary.load(), t.constant(Trial.normal("p", 4, 6, 4).value()), group);
            t.backward(BalanceLosses.squaredVariation(t, load));
            assertThat(Arrays.stream(clean.gradientToDoubles()).map(Math::abs)).allMatch(g -> g > 1e-9);
        }
    }

    /** The same within groups that some token chose; the gates of other groups are not computed. */
    @Example
    void theLoadHasAGradientForUnchosenExpertsOfChosenGroups() {
        Router router = Trial.build(new HierarchicalRouter.Spec(16, 4, 1, 1, 0, 1, 0), DIM, 4);
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, Trial.normal("x", 5, 3, DIM), Pass.training(1, 3, 6, 0));
            t.backward(routing.losses().getFirst().value());
            int[] chosen = Arrays.stream(routing.expert().toArray()).map(e -> e / 4).distinct().toArray();
            assertThat(chosen.length).isBetween(2, 3);
            double[] gradient = Trial.named(router, "groupGate").gradientToDoubles();
            for (int i = 0; i < gradient.length; i++) {
                int group = i / (4 * DIM);
                assertThat(Math.abs(gradient[i]) > 1e-9).isEqualTo(Arrays.stream(chosen).anyMatch(c -> c == group));
            }
        }
    }

    /** The expected load is what tokens are sent: Load_H sums to k a token, and the gates of importance to 1. */
    @Example
    void theLoadSumsToTheExpertsOfATokenInExpectation() {
        HierarchicalRouter.Spec spec = new HierarchicalRouter.Spec(20, 4, 2, 3, 0, 0, 0);
        HierarchicalRouter router = (HierarchicalRouter) Trial.build(spec, DIM, 8);
        int tokens = 6_000;
        try (Tape t = Trial.tape()) {
            HierarchicalRouter.Gated gated = router.gate(t, Trial.normal("x", 2, tokens, DIM), Pass.training(1, tokens, 3, 0));
            assertThat(Arrays.stream(gated.load().value().toDoubles()).sum() / tokens).isCloseTo(6, within(0.06));
            assertThat(Arrays.stream(gated.importance().value().toDoubles()).sum() / tokens).isCloseTo(1, within(1e-9));
            long[] sent = RoutingStatistics.of(gated.routing()).load();
            double[] load = gated.load().value().toDoubles();
            for (int e = 0; e < 20; e++) {
                assertThat(load[e] / tokens).isCloseTo(sent[e] / (double) tokens, within(0.03));
            }
        }
    }

    /** All groups and all experts of each: a softmax of groups times a softmax within each. */
    @Property(tries = 20)
    void allChosenIsAProductOfPlainSoftmaxes(@ForAll long seed) {
        Router router = Trial.build(new HierarchicalRouter.Spec(6, 2, 2, 3, 0.1, 0.1, 0), DIM, seed);
        Parameter x = Trial.normal("x", seed, 1, DIM);
        double[] prim = topSoftmax(product(Trial.named(router, ".gate"), 0, 2, x.value().toDoubles()), 2);
        double[] expected = IntStream.range(0, 6).mapToDouble(e -> prim[e / 3]
            * topSoftmax(product(Trial.named(router, "groupGate"), e / 3 * 3, 3, x.value().toDoubles()), 3)[e % 3]).toArray();
        try (Tape t = Trial.tape()) {
            assertThat(Trial.gates(router.route(t, x, Pass.evaluation(1, 1)))[0]).containsExactly(expected, within(1e-12));
        }
    }

    /** MoE-4096-h: router parameters 2da + a 2d(n/a), multiply-adds a token 2da + 2 (2d(n/a)) (card of the paper, section 5). */
    @Example
    void theCountsAreThoseOfTheLanguageModels() {
        HierarchicalRouter.Spec spec = new HierarchicalRouter.Spec(4096, 16);
        assertThat(spec.parameters(512)).isEqualTo(2 * 512 * 16 + 16 * (2 * 512 * 256));
        assertThat(spec.flops(512, 10)).isEqualTo(10 * 2 * (2 * 512 * 16 + 2 * (2 * 512 * 256)));
        assertThat(spec.activeParameters(512)).isEqualTo(2 * 512 * 16 + 2 * (2 * 512 * 256));
    }

    @Example
    void otherNumbersOfExperts() {
        HierarchicalRouter.Spec spec = new HierarchicalRouter.Spec(16, 4);
        assertThat(spec.withExperts(64, 8)).isEqualTo(new HierarchicalRouter.Spec(64, 4, 2, 4, 0.1, 0.1, 1e-2));
        assertThat(spec.withExperts(8, 1)).isEqualTo(new HierarchicalRouter.Spec(8, 4, 1, 1, 0.1, 0.1, 1e-2));
        assertThat(new HierarchicalRouter.Spec(4096, 16).atMost(16)).isEqualTo(spec);
        assertThat(spec.atMost(8)).isEqualTo(new HierarchicalRouter.Spec(8, 4, 2, 1, 0.1, 0.1, 1e-2));
        assertThat(spec.atMost(3)).isEqualTo(new HierarchicalRouter.Spec(3, 3, 1, 1, 0.1, 0.1, 1e-2));
        assertThat(spec.withExperts(16, 3)).isEqualTo(new HierarchicalRouter.Spec(16, 4, 1, 3, 0.1, 0.1, 1e-2));
    }
}
