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
    /** The score of expert i·N + j for head h is q_h · c_i + q'_h · c'_j: all N² of them sorted. */
    @Property
    void retrievalIsTheBruteForceTopK(@ForAll @IntRange(min = 1, max = 7) int side, @ForAll @IntRange(min = 1, max = 3) int heads,
                                      @ForAll @IntRange(min = 1, max = 9) int wanted, @ForAll boolean shared, @ForAll long seed) {
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
                        assertThat(routing.token()[slot]).isEqualTo(token);
                        assertThat(routing.expert()[slot]).isEqualTo(best[j]);
                        assertThat(gates[slot]).isCloseTo(Math.exp(score[best[j]]) / sum, within(1e-10));
                    }
                }
            }
        }
    }

    private static double dot(double[] a, int i, double[] b, int j, int n) {
        return IntStream.range(0, n).mapToDouble(d -> a[i + d] * b[j + d]).sum();
    }

    /** With one expert a head PEER is V σ(W x), an MLP whose H hidden neurons are the retrieved rows (He 2024, section 2.2). */
    @Property(tries = 50)
    void peerWithOneExpertAHeadIsTheAssembledMlp(@ForAll @IntRange(min = 1, max = 5) int heads, @ForAll long seed) {
        int dim = 4;
        Router router = Trial.build(new ProductKeyRouter.Spec(25, heads, 1, 6), dim, seed);
        Experts neurons = Trial.build(new SingleNeuronExperts.Spec(Activation.RELU), dim, 25, seed);
        double[][] down = Trial.rows(Trial.named(neurons, "down"));
        double[][] up = Trial.rows(Trial.named(neurons, "up"));
        Parameter x = Trial.normal("x", seed, 6, dim);
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, x, Pass.training(2, 3, seed, 0));
            double[][] y = Trial.rows(neurons.forward(t, x, routing));
            for (int token = 0; token < 6; token++) {
                double[] in = Trial.rows(x)[token];
                double[] expected = new double[dim];
                for (int head = 0; head < heads; head++) {
                    int e = routing.expert()[token * heads + head];
                    double h = Math.max(0, dot(down[e], 0, in, 0, dim));
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
            int[] experts = router.route(t, t.scale(x, 1000), pass).expert();
            assertThat(router.route(t, t.addScalar(t.scale(x, 1000), 5), pass).expert()).isEqualTo(experts);
            assertThat(router.route(t, t.scale(x, 4000), pass).expert()).isEqualTo(experts);
        }
    }
}
