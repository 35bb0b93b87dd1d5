package org.moe4j.experts;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Strictly balanced gating (Shazeer et al. 2017, appendix F): softmax gates times a mask, divided by their sum. In training the batchwise
 * mask keeps for each expert the m = k|X|/n tokens of the batch with its largest gates, so that every expert gets exactly m; where that
 * is not whole, m is rounded to the nearest whole number, at least 1. Elsewhere a threshold per expert, learned in training, masks each
 * token for itself. A token may get no expert, or many; in training its experts depend on other tokens, later ones of its sequence included.
 */
public final class StrictlyBalancedRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D)
    private final Parameter threshold;                                            // (E)

    public StrictlyBalancedRouter(Spec spec, Parameter weight, Parameter threshold) {
        this.spec = spec;
        this.weight = own(weight);
        this.threshold = own(threshold);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        Variable p = t.softmax(t.linear(x, weight, null));                        // (T, E)
        int[] kept = IntStream.range(0, x.shape().rows()).filter(token -> pass.keep() == null || pass.keep()[token]).toArray();
        return pass.training() ? batchwise(t, p, kept) : thresholded(t, p, kept);
    }

    /** M_batchwise(X, m): the m largest of each expert's column. */
    private Routing batchwise(Tape t, Variable p, int[] kept) {
        int m = spec.perExpert(kept.length);
        Variable x = t.gatherRows(p, kept);                                       // (|X|, E)
        Ranked top = t.topK(t.transpose(x), m);                                   // (E, m)
        int[] best = top.indices().toArray();
        int[] token = Arrays.stream(best).map(i -> kept[i]).toArray();
        int[] expert = new int[token.length];
        Arrays.setAll(expert, s -> s / m);
        Routing routing = renormalised(t, p, token, expert, t.reshape(top.values(), -1, 1));
        return spec.thresholdWeight == 0 ? routing
            : routing.withLosses(List.of(new AuxiliaryLoss("batchwise", loss(t, x, threshold, best), spec.thresholdWeight)));
    }

    /** M_threshold(x, T): the experts whose gate is above their threshold. */
    private Routing thresholded(Tape t, Variable p, int[] kept) {
        double[] gate = p.value().toDoubles();
        double[] limit = threshold.value().toDoubles();
        int[] slot = Arrays.stream(kept).flatMap(token -> IntStream.range(token * spec.experts, (token + 1) * spec.experts))
            .filter(i -> gate[i] > limit[i % spec.experts]).toArray();
        Variable chosen = t.gatherColumns(t.reshape(p, 1, -1), slot, slot.length);
        return renormalised(t, p, Arrays.stream(slot).map(i -> i / spec.experts).toArray(), Arrays.stream(slot).map(i -> i % spec.experts).toArray(),
            t.reshape(chosen, slot.length, 1));
    }

    /** @param chosen (S,1) the gates before they are divided by their token's sum */
    private Routing renormalised(Tape t, Variable p, int[] token, int[] expert, Variable chosen) {
        Variable sum = t.gatherRows(t.scatterRows(chosen, token, p.shape().rows()), token);
        return new Routing(p.shape().rows(), spec.experts, 0, token, IntStorage.of(expert), t.divide(chosen, sum), p, 0, List.of());
    }

    /**
     * L_batchwise(X, T, m) = sum over j and i of (M_threshold(x_j, T)_i - M_batchwise(X, m)_ji) (X_ji - T_i): at its least, 0, where both
     * masks are the same. The masks have no gradient.
     *
     * @param x (|X|,E) softmax gates
     * @param threshold (E)
     * @param top (E,m) the tokens that the batchwise mask keeps
     */
    public static Variable loss(Tape t, Variable x, Variable threshold, int[] top) {
        int experts = x.shape().columns();
        double[] gate = x.value().toDoubles();
        double[] limit = threshold.value().toDoubles();
        double[] difference = new double[gate.length];
        Arrays.setAll(difference, i -> gate[i] > limit[i % experts] ? 1 : 0);
        for (int s = 0; s < top.length; s++) {
            difference[top[s] * experts + s / (top.length / experts)]--;
        }
        return t.sum(t.multiply(t.constant(x.shape(), difference), t.subtract(x, threshold)));
    }

    /**
     * @param perToken k, the mean number of experts of a token
     * @param thresholdWeight the weight of L_batchwise, for which the paper gives none; 0 leaves it out, and the thresholds as they are
     */
    public record Spec(int experts, double perToken, double thresholdWeight) implements RouterSpec {
        public Spec {
            Require.positive("experts", experts);
            Require.positive("perToken", perToken);
            if (perToken > experts) {
                throw new InputException("perToken is " + perToken + ", more than the number of experts " + experts + "; at most " + experts + " would do");
            }
            Require.notNegative("thresholdWeight", thresholdWeight);
        }

        /** Two of eight on average. */
        public Spec() {
            this(8, 2, 0.01);
        }

        /** m, the tokens of each expert in a batch of {@code tokens}. */
        public int perExpert(int tokens) {
            return (int) Math.clamp(Math.round(perToken * tokens / experts), Math.min(1, tokens), tokens);
        }

        @Override
        public long slots(int tokens) {
            return (long) experts * perExpert(tokens);
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts, perToken, thresholdWeight);
        }

        /** Thresholds start at 1 / n, the mean gate. */
        @Override
        public Router build(int dim, Init init) {
            return new StrictlyBalancedRouter(this, init.normal("weight", Shape.of(experts, dim), 1 / Math.sqrt(dim)),
                init.filled("threshold", Shape.of(experts), 1.0 / experts));
        }

        @Override
        public long parameters(int dim) {
            return (long) experts * dim + experts;
        }
    }
}
