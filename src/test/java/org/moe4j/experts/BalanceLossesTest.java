package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.tensor.Shape;

class BalanceLossesTest {
    /** 8 tokens over 4 experts, two choices each, every expert equally often first and second. */
    private static final int[] EVEN = {0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, 3, 3, 0};

    @Example
    void perfectBalanceIsOneOrKAndCollapseIsE() {
        try (Tape t = Trial.tape()) {
            Variable uniform = t.filled(Shape.of(8, 4), 0.25);
            assertThat(value(BalanceLosses.balance(t, Balance.FIRST_CHOICE, uniform, EVEN, null))).isCloseTo(1, within(1e-12));
            assertThat(value(BalanceLosses.balance(t, Balance.MEAN_CHOICE, uniform, EVEN, null))).isCloseTo(1, within(1e-12));
            assertThat(value(BalanceLosses.balance(t, Balance.ALL_CHOICES, uniform, EVEN, null))).isCloseTo(2, within(1e-12));
            double[] collapsed = new double[32];
            for (int token = 0; token < 8; token++) {
                collapsed[4 * token + 3] = 1;
            }
            int[] third = new int[8];
            Arrays.fill(third, 3);
            Variable certain = t.constant(Shape.of(8, 4), collapsed);
            for (Balance convention : Balance.values()) {
                assertThat(value(BalanceLosses.balance(t, convention, certain, third, null))).isCloseTo(4, within(1e-12));
            }
        }
    }

    /** p = (0.75, 0.25), (0.5, 0.5), first choices 0 and 1: E (1/2 · 0.625 + 1/2 · 0.375) = 1; if both chose 0: 2 · 0.625. */
    @Example
    void aHandComputedBalance() {
        try (Tape t = Trial.tape()) {
            Variable p = t.constant(Shape.of(2, 2), 0.75, 0.25, 0.5, 0.5);
            assertThat(value(BalanceLosses.balance(t, Balance.FIRST_CHOICE, p, new int[] {0, 1}, null))).isCloseTo(1, within(1e-12));
            assertThat(value(BalanceLosses.balance(t, Balance.FIRST_CHOICE, p, new int[] {0, 0}, null))).isCloseTo(1.25, within(1e-12));
            // groups of one token: (2 · 0.75 + 2 · 0.5) / 2
            assertThat(value(BalanceLosses.balance(t, Balance.FIRST_CHOICE, p, new int[] {0, 1}, 1, null))).isCloseTo(1.25, within(1e-12));
        }
    }

    /** A masked token counts as if it were not there; the routers' losses follow. */
    @Property
    void paddingIsAsIfItWereNotThere(@ForAll Balance convention, @ForAll @IntRange(min = 1, max = 255) int mask, @ForAll long seed) {
        boolean[] keep = new boolean[8];
        Arrays.setAll(new Boolean[8], i -> keep[i] = (mask >> i & 1) == 1);
        int[] kept = IntStream.range(0, 8).filter(i -> keep[i]).toArray();
        TopKRouter.Spec spec = new TopKRouter.Spec(5, 2, 1, convention, 0.3, 0.2);
        NoisyTopKRouter.Spec noisy = new NoisyTopKRouter.Spec(5, 2, 0.1, 0.2, 0.01);
        try (Tape t = Trial.tape()) {
            Variable logits = Trial.normal("logits", seed, 8, 5);
            Variable spread = t.softplus(Trial.normal("spread", seed, 8, 5));
            Variable z = Trial.normal("z", seed, 8, 5);
            Routing masked = TopKRouter.gate(t, logits, keep, spec);
            Routing without = TopKRouter.gate(t, t.gatherRows(logits, kept), null, spec);
            same(masked.losses(), without.losses());
            same(NoisyTopKRouter.gate(t, logits, spread, z, keep, noisy).routing().losses(),
                NoisyTopKRouter.gate(t, t.gatherRows(logits, kept), t.gatherRows(spread, kept), t.gatherRows(z, kept), null, noisy).routing().losses());
            same(NoisyTopKRouter.gate(t, logits, null, null, keep, noisy).routing().losses(),
                NoisyTopKRouter.gate(t, t.gatherRows(logits, kept), null, null, null, noisy).routing().losses());
            same(List.of(new AuxiliaryLoss("pooled", BalanceLosses.balanceOverLayers(t, convention, List.of(masked, masked), keep), 1)),
                List.of(new AuxiliaryLoss("pooled", BalanceLosses.balance(t, convention, without.probabilities(), without.expert().toArray(), null), 1)));
        }
    }

    private static void same(List<AuxiliaryLoss> a, List<AuxiliaryLoss> b) {
        assertThat(a).hasSameSizeAs(b).isNotEmpty();
        for (int i = 0; i < a.size(); i++) {
            assertThat(a.get(i).name()).isEqualTo(b.get(i).name());
            assertThat(value(a.get(i).value())).isCloseTo(value(b.get(i).value()), within(1e-9));
        }
    }

    /** Two layers whose experts are each one-sided pool to a balance that neither has. */
    @Example
    void statisticsOfLayersArePooledBeforeTheyAreMultiplied() {
        try (Tape t = Trial.tape()) {
            Variable left = t.constant(Shape.of(1, 2), 10, -10);
            Variable right = t.constant(Shape.of(1, 2), -10, 10);
            TopKRouter.Spec spec = new TopKRouter.Spec(2, 1);
            List<Routing> layers = List.of(TopKRouter.gate(t, left, null, spec), TopKRouter.gate(t, right, null, spec));
            assertThat(value(BalanceLosses.balanceOverLayers(t, Balance.ALL_CHOICES, layers, null))).isCloseTo(1, within(1e-6));
            assertThat(value(layers.getFirst().losses().getFirst().value())).isCloseTo(2, within(1e-6));
        }
    }

    /** E over the noise of sum over i of P(x,i) = K for every x (card of the 2017 paper, identity A). */
    @Example
    void theProbabilitiesOfBeingChosenSumToK() {
        int tokens = 40_000;
        double[] logits = {0.3, -0.5, 1.1, 0, 0.4};
        try (Tape t = Trial.tape()) {
            Variable clean = t.add(t.filled(Shape.of(tokens, 5), 0), t.constant(Shape.of(5), logits));
            Variable spread = t.filled(Shape.of(tokens, 5), 0.8);
            Variable noisy = t.add(clean, t.multiply(Trial.normal("z", 5, tokens, 5), spread));
            for (int k = 1; k < 5; k++) {
                Variable p = BalanceLosses.probabilityInTopK(t, clean, spread, t.topK(noisy, k + 1));
                assertThat(value(t.sum(p)) / tokens).isCloseTo(k, within(0.01));
            }
        }
    }

    /** Both definitions of the threshold, by hand: noisy 3, 1, 2 with K = 1 gives thresholds 2, 3, 3. */
    @Example
    void theThresholdLeavesTheExpertItselfOut() {
        try (Tape t = Trial.tape()) {
            Variable clean = t.constant(Shape.of(1, 3), 2.5, 1.5, 2.5);
            Ranked top = t.topK(t.constant(Shape.of(1, 3), 3, 1, 2), 2);
            double[] p = BalanceLosses.probabilityInTopK(t, clean, t.filled(Shape.of(1, 3), 0.5), top).value().toDoubles();
            assertThat(p).containsExactly(new double[] {0.841344746068543, 0.001349898031630, 0.158655253931457}, within(1e-12));
        }
    }

    /** The load loss moves experts that were not chosen: that is the point of P. */
    @Example
    void theLoadHasAGradientForUnchosenExperts() {
        Parameter gate = Trial.normal("gate", 3, 6, 4);
        Parameter noise = Trial.normal("noise", 3, 6, 4);
        try (Tape t = Trial.tape()) {
            Variable x = t.constant(Trial.normal("x", 4, 1, 4).value());
            Variable spread = t.softplus(t.linear(x, noise, null));
            NoisyTopKRouter.Gated gated = NoisyTopKRouter.gate(t, t.linear(x, gate, null), spread, Trial.normal("z", 5, 1, 6), null,
                new NoisyTopKRouter.Spec(6, 2, 0, 1, 0));
            t.backward(gated.routing().losses().getFirst().value());
            for (int e = 0; e < 6; e++) {
                assertThat(Math.abs(gate.grad().get(e, 0))).isGreaterThan(1e-6);
            }
        }
    }

    /** k = n keeps every logit: the gate is the plain softmax of the noisy logits (card of the 2017 paper). */
    @Property(tries = 20)
    void allExpertsChosenIsThePlainSoftmax(@ForAll long seed) {
        try (Tape t = Trial.tape()) {
            NoisyTopKRouter.Gated gated = NoisyTopKRouter.gate(t, Trial.normal("clean", seed, 4, 5), t.filled(Shape.of(4, 5), 0.7),
                Trial.normal("z", seed, 4, 5), null, new NoisyTopKRouter.Spec(5, 5));
            double[][] softmax = Trial.rows(t.softmax(gated.noisy()));
            double[][] gates = Trial.gates(gated.routing());
            for (int token = 0; token < 4; token++) {
                assertThat(gates[token]).containsExactly(softmax[token], within(1e-12));
            }
        }
    }

    /** At the paper's zero start every expert expects kB/n tokens. */
    @Example
    void theLoadIsEvenAtTheStart() {
        int tokens = 20_000;
        try (Tape t = Trial.tape()) {
            NoisyTopKRouter.Gated gated = NoisyTopKRouter.gate(t, t.filled(Shape.of(tokens, 6), 0), t.filled(Shape.of(tokens, 6), Math.log(2)),
                Trial.normal("z", 1, tokens, 6), null, new NoisyTopKRouter.Spec(6, 2));
            for (double load : gated.load().value().toDoubles()) {
                assertThat(load / tokens).isCloseTo(2 / 6.0, within(0.01));
            }
        }
    }

    /** (1, 3): mean 2, population variance 1, sample variance 2. */
    @Example
    void bothVariations() {
        try (Tape t = Trial.tape()) {
            Variable v = t.constant(Shape.of(2), 1, 3);
            assertThat(value(BalanceLosses.squaredVariation(t, v))).isCloseTo(0.25, within(1e-9));
            assertThat(value(BalanceLosses.squaredSampleVariation(t, v))).isCloseTo(0.5, within(1e-9));
        }
    }

    @Property(tries = 50)
    void theImportanceIsTheSummedGates(@ForAll long seed) {
        try (Tape t = Trial.tape()) {
            Routing routing = TopKRouter.gate(t, Trial.normal("logits", seed, 9, 4), null, new TopKRouter.Spec(4, 2));
            double[][] gates = Trial.gates(routing);
            double[] expected = new double[4];
            for (double[] row : gates) {
                Arrays.setAll(expected, e -> expected[e] + row[e]);
            }
            assertThat(BalanceLosses.importance(t, routing, null).value().toDoubles()).containsExactly(expected, within(1e-12));
        }
    }

    /** log(e^0 + e^0) = log 2; log(e^1 + e^1) = 1 + log 2. */
    @Example
    void theZLossIsTheMeanSquare() {
        try (Tape t = Trial.tape()) {
            double expected = (Math.pow(Math.log(2), 2) + Math.pow(1 + Math.log(2), 2)) / 2;
            assertThat(value(BalanceLosses.z(t, t.constant(Shape.of(2, 2), 0, 0, 1, 1), null))).isCloseTo(expected, within(1e-12));
        }
    }

    private static double value(Variable x) {
        return x.value().item();
    }
}
