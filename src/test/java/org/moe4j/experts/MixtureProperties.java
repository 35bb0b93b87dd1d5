package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Erf;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** Every router with every bank: the layer is the sum over all experts weighted by the gates, and costs what its spec says. */
class MixtureProperties {
    private static final int BATCH = 16;
    private static final int TIME = 2;
    private static final int TOKENS = BATCH * TIME;

    @Provide
    Arbitrary<RouterSpec> routers() {
        return Arbitraries.of(SpecCatalog.ROUTERS.examples());
    }

    @Provide
    Arbitrary<ExpertsSpec> banks() {
        List<ExpertsSpec> banks = new ArrayList<>(SpecCatalog.EXPERTS.examples());
        banks.add(new SingleNeuronExperts.Spec(Activation.SWIGLU));
        return Arbitraries.of(banks);
    }

    @Property(tries = 60)
    void theLayerIsTheDenseSumOverAllExperts(@ForAll("routers") RouterSpec routerSpec, @ForAll("banks") ExpertsSpec bankSpec, @ForAll long seed) {
        int dim = 5;
        int experts = routerSpec.experts();
        Router router = Trial.build(routerSpec, dim, seed);
        Experts bank = Trial.build(bankSpec, dim, experts, seed);
        Parameter x = Trial.normal("x", seed, TOKENS, dim);
        Pass pass = Trial.training(BATCH, TIME, seed, 0);
        try (Tape t = Trial.tape()) {
            FeedForward.Result result = new MixtureOfExperts(router, bank).forward(t, x, pass);
            double[][] gates = Trial.gates(result.routing());
            double[][] expected = new double[TOKENS][dim];
            for (int e = 0; e < experts; e++) {
                double[][] ofExpert = Trial.rows(bank.forward(t, x, everyToken(t, e, experts)));
                for (int token = 0; token < TOKENS; token++) {
                    for (int d = 0; d < dim; d++) {
                        expected[token][d] += gates[token][e] * ofExpert[token][d];
                    }
                }
            }
            double[][] y = Trial.rows(result.y());
            for (int token = 0; token < TOKENS; token++) {
                assertThat(y[token]).containsExactly(expected[token], within(1e-10));
            }
        }
    }

    private static Routing everyToken(Tape t, int expert, int experts) {
        int[] chosen = new int[TOKENS];
        Arrays.fill(chosen, expert);
        return Routing.tokenChoice(experts, 1, chosen, t.filled(Shape.of(TOKENS, 1), 1), null, 0, List.of());
    }

    @Property(tries = 60)
    void theCostIsWhatTheTapeReports(@ForAll("routers") RouterSpec router, @ForAll("banks") ExpertsSpec bank, @ForAll boolean outputNorm,
                                     @ForAll boolean shared, @ForAll @IntRange(min = 1, max = 9) int dim, @ForAll long seed) {
        List<FeedForwardSpec> others = shared ? List.of(new DenseFeedForward.Spec(7, Activation.GELU, true)) : List.of();
        MixtureOfExperts.Spec spec = new MixtureOfExperts.Spec(router, bank, others, outputNorm);
        FeedForward layer = Trial.awake(spec.build(dim, new Init(Trial.ON, seed)), seed);
        try (Tape t = Trial.tape()) {
            FeedForward.Result result = layer.forward(t, Trial.normal("x", seed, TOKENS, dim), Trial.training(BATCH, TIME, seed, 0));
            long empty = router.slots(TOKENS) - Trial.live(result.routing());
            assertThat(t.cost().flops()).isEqualTo(spec.flops(dim, TOKENS) - empty * bank.flopsPerSlot(dim));
            assertThat(Trial.count(layer)).isEqualTo(spec.parameters(dim));
            assertThat(spec.activeParameters(dim)).isLessThanOrEqualTo(spec.parameters(dim)).isGreaterThan(router.activeParameters(dim));
        }
    }

    @Property(tries = 60)
    void anMlpExpertIsItsFormula(@ForAll Activation activation, @ForAll boolean bias, @ForAll @IntRange(min = 1, max = 6) int dim,
                                 @ForAll @IntRange(min = 1, max = 6) int hidden, @ForAll @IntRange(min = 1, max = 5) int experts, @ForAll long seed) {
        MlpExperts.Spec spec = new MlpExperts.Spec(hidden, activation, bias);
        Experts bank = Trial.build(spec, dim, experts, seed);
        Parameter x = Trial.normal("x", seed, 6, dim);
        int chosen = (int) Long.remainderUnsigned(seed, experts);
        assertThat(Trial.count(bank)).isEqualTo(experts * spec.parametersPerExpert(dim));
        try (Tape t = Trial.tape()) {
            int[] expert = new int[6];
            Arrays.fill(expert, chosen);
            Variable gates = t.filled(Shape.of(6, 1), 0.75);
            double[][] y = Trial.rows(bank.forward(t, x, Routing.tokenChoice(experts, 1, expert, gates, null, 0, List.of())));
            for (int token = 0; token < 6; token++) {
                double[] row = Trial.rows(x)[token];
                double[] up = affine(bank, "experts.in", "experts.inBias", bias, chosen, row, hidden);
                double[] h = new double[hidden];
                for (int f = 0; f < hidden; f++) {
                    double in = activation.gated() ? affine(bank, "experts.gate", "experts.gateBias", bias, chosen, row, hidden)[f] : up[f];
                    h[f] = switch (activation) {
                        case RELU -> Math.max(in, 0);
                        case GELU, GEGLU -> in * Erf.normalCdf(in);
                        case GELU_TANH -> 0.5 * in * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (in + 0.044715 * in * in * in)));
                        case SILU, SWIGLU -> in / (1 + Math.exp(-in));
                    } * (activation.gated() ? up[f] : 1);
                }
                double[] expected = affine(bank, "experts.out", "experts.outBias", bias, chosen, h, dim);
                for (int d = 0; d < dim; d++) {
                    assertThat(y[token][d]).isCloseTo(0.75 * expected[d], within(1e-10));
                }
            }
        }
    }

    /** w[expert] x + b[expert]. */
    private static double[] affine(Experts bank, String weight, String biasName, boolean bias, int expert, double[] x, int out) {
        double[] w = Trial.named(bank, weight).value().toDoubles();
        double[] y = new double[out];
        for (int o = 0; o < out; o++) {
            y[o] = bias ? Trial.named(bank, biasName).data().get((long) expert * out + o) : 0;
            for (int i = 0; i < x.length; i++) {
                y[o] += w[(expert * out + o) * x.length + i] * x[i];
            }
        }
        return y;
    }

    /** One expert for every token with gate 1 is the dense layer: n = k = 1. */
    @Property(tries = 40)
    void oneExpertIsTheDenseLayer(@ForAll Activation activation, @ForAll boolean bias, @ForAll long seed) {
        int dim = 4;
        FeedForwardSpec denseSpec = new DenseFeedForward.Spec(6, activation, bias);
        FeedForward dense = Trial.awake(denseSpec.build(dim, new Init(Trial.ON, seed)), seed);
        Experts bank = new MlpExperts.Spec(6, activation, bias).build(dim, 1, new Init(Trial.ON, seed, "experts"));
        copy(dense, "in.weight", bank, "experts.in");
        copy(dense, "out.weight", bank, "experts.out");
        if (activation.gated()) {
            copy(dense, "gate.weight", bank, "experts.gate");
        }
        if (bias) {
            copy(dense, "in.bias", bank, "experts.inBias");
            copy(dense, "out.bias", bank, "experts.outBias");
        }
        if (bias && activation.gated()) {
            copy(dense, "gate.bias", bank, "experts.gateBias");
        }
        Parameter x = Trial.normal("x", seed, TOKENS, dim);
        Pass pass = Trial.training(BATCH, TIME, seed, 0);
        try (Tape t = Trial.tape(); Tape u = Trial.tape()) {
            double[] expected = dense.forward(t, x, pass).y().value().toDoubles();
            assertThat(t.cost().flops()).isEqualTo(denseSpec.flops(dim, TOKENS));
            assertThat(Trial.count(dense)).isEqualTo(denseSpec.parameters(dim));
            Router router = Trial.build(new NoisyTopKRouter.Spec(1, 1), dim, seed);
            assertThat(new MixtureOfExperts(router, bank).forward(u, x, pass).y().value().toDoubles()).containsExactly(expected, within(1e-12));
        }
    }

    private static void copy(FeedForward dense, String from, Experts bank, String to) {
        Parameter target = bank.parameters().stream().filter(p -> p.name().equals(to)).findFirst().orElseThrow();
        target.data().write(0, Trial.named(dense, from).value().toDoubles());
    }
}
