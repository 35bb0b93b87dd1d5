package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * Exact statements of the papers that no other test of this package has. The others stand where their parts are tested: that the chances of
 * being chosen sum to k and both ends of the balance loss in BalanceLossesTest, top-k-then-softmax in RouterProperties, PEER with k = 1 as the
 * assembled MLP in ProductKeyProperties, one group of the hierarchy as the flat router in HierarchicalRouterTest, the load that random routing
 * foretells in RandomRouterTest, repetition under random routing in RoutingRepetitionTest, upcycling in UpcyclingTest.
 */
class PaperIdentitiesTest {
    private static final int DIM = 5;
    private static final int TOKENS = 12;

    /** Shazeer et al. 2017, section 2.1: with k = n nothing is cut, and the sparse gate is the softmax gate. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void kEqualToNIsThePlainSoftmax(int n) {
        for (RouterSpec spec : List.of(new TopKRouter.Spec(n, n), new TopKRouter.Spec(n, n, 0, Balance.ALL_CHOICES, 0, 0), new NoisyTopKRouter.Spec(n, n))) {
            try (Tape t = Trial.tape()) {
                Router router = Trial.build(spec, DIM, 3);
                Variable x = Trial.normal("x", 4, TOKENS, DIM);
                Routing routing = router.route(t, x, Pass.evaluation(3, 4));
                Variable softmax = t.softmax(t.linear(x, router.parameters().getFirst(), null));
                double[] gates = Arrays.stream(Trial.gates(routing)).flatMapToDouble(Arrays::stream).toArray();
                assertThat(gates).as(spec.toString()).containsExactly(softmax.value().toDoubles(), within(1e-12));
            }
        }
    }

    /** The softmax knows differences alone: a number added to all logits of a token changes nothing. */
    @Test
    void aShiftOfAllLogitsChangesNothing() {
        try (Tape t = Trial.tape()) {
            Variable logits = Trial.normal("logits", 5, TOKENS, 6);
            Variable shifted = t.add(logits, Trial.normal("shift", 6, TOKENS, 1));
            Routing a = TopKRouter.gate(t, logits, null, new TopKRouter.Spec(6, 2));
            Routing b = TopKRouter.gate(t, shifted, null, new TopKRouter.Spec(6, 2));
            assertThat(b.expert().toArray()).isEqualTo(a.expert().toArray());
            assertThat(b.gates().value().toDoubles()).containsExactly(a.gates().value().toDoubles(), within(1e-12));
        }
    }

    /** Of the importance loss (Shazeer et al. 2017, equation 7): CV² is 0 where all experts matter alike and E - 1 where one has it all. */
    @Test
    void theSquaredVariationGoesFromZeroToEMinusOne() {
        try (Tape t = Trial.tape()) {
            assertThat(BalanceLosses.squaredVariation(t, t.filled(Shape.of(8), 0.3)).value().item()).isCloseTo(0, within(1e-9));
            assertThat(BalanceLosses.squaredVariation(t, t.constant(Shape.of(8), 0, 0, 5, 0, 0, 0, 0, 0)).value().item()).isCloseTo(7, within(1e-6));
        }
    }

    /** GLaM's and Switch's balance loss as their routers return it: 1 for the router that knows nothing, E for the one that sends all to one expert. */
    @Test
    void theBalanceLossOfARouterIsOneAtBalanceAndEAtCollapse() {
        RouterSpec glam = new CapacityRouter.Spec(4, 2, 2, 4, CapacityDialect.MESH, SecondPolicy.ALL, 0.5, false, true, 0.01, 0);
        for (RouterSpec spec : List.of(glam, new SwitchRouter.Spec(4, 1.25, 0, 0.01, 0))) {
            try (Tape t = Trial.tape()) {
                Router router = Trial.build(spec, DIM, 3);
                Variable ones = t.filled(Shape.of(TOKENS, DIM), 1);
                Trial.ON.fill(router.parameters().getFirst().data(), 0);
                assertThat(router.route(t, ones, Pass.evaluation(3, 4)).losses().getFirst().value().value().item()).isCloseTo(1, within(1e-12));
                for (int d = 0; d < DIM; d++) {
                    router.parameters().getFirst().data().set(2L * DIM + d, 100);
                }
                assertThat(router.route(t, ones, Pass.evaluation(3, 4)).losses().getFirst().value().value().item()).isCloseTo(4, within(1e-9));
            }
        }
    }

    /** Du et al. 2022: E experts make E (E - 1) / 2 pairs, 2016 of 64; a token's two experts are always one of them. */
    @Test
    void sixtyFourExpertsMakeTwoThousandAndSixteenPairs() {
        int tokens = 60_000;
        try (Tape t = Trial.tape()) {
            int[] expert = t.topK(Trial.normal("logits", 8, tokens, 64), 2).indices().toArray();
            long pairs = java.util.stream.IntStream.range(0, tokens)
                .mapToLong(s -> 64L * Math.min(expert[2 * s], expert[2 * s + 1]) + Math.max(expert[2 * s], expert[2 * s + 1])).distinct().count();
            assertThat(pairs).isEqualTo(2016);
        }
    }

    /** Krajewski et al. 2024, section 3: granularity leaves total and active parameters of the experts as they are; the router's grow with it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 64})
    void granularityMovesParametersOfTheRouterOnly(int granularity) {
        int hidden = 64;
        int expansion = 8;
        MixtureOfExperts.Spec fine = new MixtureOfExperts.Spec(new TopKRouter.Spec(granularity * expansion, granularity),
            new MlpExperts.Spec(hidden / granularity, org.moe4j.nn.Activation.GELU, false));
        long router = (long) granularity * expansion * DIM;
        assertThat(fine.parameters(DIM) - router).isEqualTo(2L * DIM * hidden * expansion);
        assertThat(fine.activeParameters(DIM) - router).isEqualTo(2L * DIM * hidden);
    }
}
