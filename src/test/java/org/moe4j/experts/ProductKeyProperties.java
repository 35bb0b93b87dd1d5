package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

class ProductKeyProperties {
    /**
     * The score of expert i·N + j for head h is q_h · c_i + q'_h · c'_j: all N² of them sorted, the lower number first at a tie, of which
     * whole-numbered queries and sub-keys have many.
     */
    @Property
    void retrievalIsTheBruteForceTopK(@ForAll @IntRange(min = 1, max = 7) int side, @ForAll @IntRange(min = 1, max = 3) int heads,
                                      @ForAll @IntRange(min = 1, max = 9) int wanted, @ForAll boolean shared, @ForAll boolean ties,
                                      @ForAll long seed) {
        int k = Math.min(wanted, side * side);
        int half = 3;
        int tokens = 4;
        ProductKeyRouter.Spec spec = new ProductKeyRouter.Spec(side * side, heads, k, 2 * half, shared, ProductKeyRouter.Norm.NONE,
            ProductKeyRouter.Scores.SOFTMAX, false);
        Parameter query = Trial.normal("query", seed, tokens, heads * 2 * half);
        int sets = shared ? 1 : heads;
        int[] shape = shared ? new int[] {side, half} : new int[] {heads, side, half};
        Parameter first = Trial.normal("first", seed, shape);
        Parameter second = Trial.normal("second", seed, shape);
        if (ties) {
            List.of(query, first, second).forEach(ProductKeyProperties::round);
        }
        double[] q = query.value().toDoubles();
        double[] c = first.value().toDoubles();
        double[] d = second.value().toDoubles();
        try (Tape t = Trial.tape()) {
            Routing routing = ProductKeyRouter.retrieve(t, query, first, second, spec).routing(t, spec);
            double[] gates = routing.gates().value().toDoubles();
            for (int token = 0; token < tokens; token++) {
                for (int head = 0; head < heads; head++) {
                    int from = (token * heads + head) * 2 * half;
                    int set = head % sets;
                    double[] score = IntStream.range(0, side * side).mapToDouble(e ->
                        dot(q, from, c, (set * side + e / side) * half, half) + dot(q, from + half, d, (set * side + e % side) * half, half)).toArray();
                    int[] best = IntStream.range(0, side * side).boxed().sorted(Comparator.comparingDouble(e -> -score[e])).limit(k)
                        .mapToInt(Integer::intValue).toArray();
                    double sum = IntStream.of(best).mapToDouble(e -> Math.exp(score[e])).sum();
                    for (int j = 0; j < k; j++) {
                        int slot = (token * heads + head) * k + j;
                        assertThat(routing.tokenOf(slot)).isEqualTo(token);
                        assertThat(routing.expert().get(slot)).isEqualTo(best[j]);
                        assertThat(gates[slot]).isCloseTo(Math.exp(score[best[j]]) / sum, within(1e-10));
                    }
                }
            }
        }
    }

    private static void round(Parameter p) {
        for (long i = 0; i < p.data().size(); i++) {
            p.data().set(i, Math.rint(p.data().get(i)));
        }
    }

    /** Expert i·N + j is the one whose key is [c_i ; c'_j]: asked for by its key, each of the N² is found. */
    @Property(tries = 10)
    void everyExpertIsFoundByItsKey(@ForAll @IntRange(min = 1, max = 8) int side) {
        int experts = side * side;
        Parameter query = Trial.normal("query", 1, experts, 2 * side);
        Parameter keys = Trial.normal("keys", 1, side, side);
        Trial.ON.fill(query.data(), 0);
        Trial.ON.fill(keys.data(), 0);
        for (int i = 0; i < side; i++) {
            keys.data().set((long) i * side + i, 1);
        }
        for (int e = 0; e < experts; e++) {
            query.data().set((long) e * 2 * side + e / side, 1);
            query.data().set((long) e * 2 * side + side + e % side, 1);
        }
        ProductKeyRouter.Spec spec = new ProductKeyRouter.Spec(experts, 1, 1, 2 * side, true, ProductKeyRouter.Norm.NONE, ProductKeyRouter.Scores.SOFTMAX, false);
        try (Tape t = Trial.tape()) {
            assertThat(ProductKeyRouter.retrieve(t, query, keys, keys, spec).experts().toArray()).isEqualTo(IntStream.range(0, experts).toArray());
        }
    }

    /** Softmax over the K of one head alone; sigmoid and ReLU of each score for itself. */
    @Property(tries = 50)
    void gatesAreWhatTheSpecMakesOfTheScores(@ForAll ProductKeyRouter.Scores kind, @ForAll boolean shared, @ForAll long seed) {
        int heads = 3;
        int k = 4;
        Router router = Trial.build(new ProductKeyRouter.Spec(16, heads, k, 6, shared, ProductKeyRouter.Norm.NONE, kind, true), 5, seed);
        try (Tape t = Trial.tape()) {
            Variable x = Trial.normal("x", seed, 6, 5);
            double[] scores = ((ProductKeyRouter) router).retrieve(t, x, Pass.evaluation(2, 3)).scores().value().toDoubles();
            double[] gates = router.route(t, x, Pass.evaluation(2, 3)).gates().value().toDoubles();
            for (int s = 0; s < scores.length; s++) {
                double sum = IntStream.range(s / k * k, s / k * k + k).mapToDouble(j -> Math.exp(scores[j])).sum();
                assertThat(gates[s]).isCloseTo(switch (kind) {
                    case SOFTMAX -> Math.exp(scores[s]) / sum;
                    case SIGMOID -> 1 / (1 + Math.exp(-scores[s]));
                    case RELU -> Math.max(0, scores[s]);
                }, within(1e-12));
            }
        }
    }

    private static double dot(double[] a, int i, double[] b, int j, int n) {
        return IntStream.range(0, n).mapToDouble(d -> a[i + d] * b[j + d]).sum();
    }

    /**
     * With one expert a head PEER is V σ(W x), an MLP whose H hidden neurons are the retrieved rows (He 2024, section 2.2); with gated
     * neurons V (σ(W x) · U x).
     */
    @Property(tries = 50)
    void peerWithOneExpertAHeadIsTheAssembledMlp(@ForAll @IntRange(min = 1, max = 5) int heads, @ForAll boolean gated,
                                                     @ForAll long seed) {
        int dim = 4;
        Router router = Trial.build(new ProductKeyRouter.Spec(25, heads, 1, 6), dim, seed);
        Experts neurons = Trial.build(new SingleNeuronExperts.Spec(gated ? Activation.SWIGLU : Activation.RELU), dim, 25, seed);
        double[][] down = Trial.rows(Trial.named(neurons, "down"));
        double[][] gate = Trial.rows(Trial.named(neurons, gated ? "gate" : "down"));
        double[][] up = Trial.rows(Trial.named(neurons, "up"));
        Parameter x = Trial.normal("x", seed, 6, dim);
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, x, Pass.training(2, 3, seed, 0));
            double[][] y = Trial.rows(neurons.forward(t, x, routing));
            for (int token = 0; token < 6; token++) {
                double[] in = Trial.rows(x)[token];
                double[] expected = new double[dim];
                for (int head = 0; head < heads; head++) {
                    int e = routing.expert().get(token * heads + head);
                    double u = dot(down[e], 0, in, 0, dim);
                    double w = dot(gate[e], 0, in, 0, dim);
                    double h = gated ? w / (1 + Math.exp(-w)) * u : Math.max(0, u);
                    for (int d = 0; d < dim; d++) {
                        expected[d] += h * up[e][d];
                    }
                }
                assertThat(y[token]).containsExactly(expected, within(1e-12));
            }
        }
    }

    /** The gate multiplies after σ: halving it halves the output even where σ isn't linear. */
    @Property(tries = 20)
    void theGateMultipliesAfterTheActivation(@ForAll long seed) {
        Experts neurons = Trial.build(new SingleNeuronExperts.Spec(Activation.GELU), 4, 9, seed);
        int[] chosen = {0, 3, 8, 1};
        Variable x = Trial.normal("x", seed, 2, 4);
        try (Tape t = Trial.tape()) {
            double[] whole = forward(t, neurons, x, chosen, 1);
            double[] halved = forward(t, neurons, x, chosen, 0.5);
            for (int i = 0; i < whole.length; i++) {
                assertThat(halved[i]).isCloseTo(whole[i] / 2, within(1e-12));
            }
        }
    }

    private static double[] forward(Tape t, Experts neurons, Variable x, int[] chosen, double gate) {
        Variable gates = t.filled(Shape.of(2, 2), gate);
        return neurons.forward(t, x, Routing.tokenChoice(9, 2, chosen, gates, null, 0, List.of())).value().toDoubles();
    }

    /** Query BatchNorm: whatever the input's scale and offset, each query feature has mean 0 and variance 1 over the batch in training. */
    @Property(tries = 20)
    void batchNormMakesTheRoutingBlindToTheScaleOfTheInput(@ForAll long seed) {
        Router router = Trial.build(new ProductKeyRouter.Spec(49, 2, 3, 6), 4, seed);
        try (Tape t = Trial.tape()) {
            Variable x = Trial.normal("x", seed, 12, 4);
            Pass pass = Pass.training(3, 4, seed, 0);
            int[] experts = router.route(t, t.scale(x, 1000), pass).expert().toArray();
            assertThat(router.route(t, t.addScalar(t.scale(x, 1000), 5), pass).expert().toArray()).isEqualTo(experts);
            assertThat(router.route(t, t.scale(x, 4000), pass).expert().toArray()).isEqualTo(experts);
        }
    }
}
