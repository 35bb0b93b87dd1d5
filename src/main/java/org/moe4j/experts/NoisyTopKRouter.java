package org.moe4j.experts;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** Noisy top-k gating with importance and load losses (Shazeer et al. 2017, equations 3 to 11); without noise in evaluation. */
public final class NoisyTopKRouter extends Router {
    private final Spec spec;
    private final Parameter gate;                                                 // (E, D)
    private final Parameter noise;                                                // (E, D)

    public NoisyTopKRouter(Spec spec, Parameter gate, Parameter noise) {
        this.spec = spec;
        this.gate = own(gate);
        this.noise = own(noise);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        Variable clean = t.linear(x, gate, null);                                 // (T, E)
        if (!pass.training()) {
            return gate(t, clean, null, null, pass.keep(), spec).routing();
        }
        Variable spread = t.addScalar(t.softplus(t.linear(x, noise, null)), spec.noiseEpsilon);
        Variable z = t.filled(clean.shape(), 0);
        t.backend().normal(pass.random("noise " + gate.name()), 1, z.data());
        return gate(t, clean, spread, z, pass.keep(), spec).routing();
    }

    /**
     * H = clean + z · spread; G = softmax of the K largest of H.
     *
     * @param clean (T,E) logits
     * @param spread (T,E) standard deviation of the noise, or null for none
     * @param z (T,E) standard normal numbers, or null for none
     */
    public static Gated gate(Tape t, Variable clean, Variable spread, Variable z, boolean[] keep, Spec spec) {
        Variable noisy = spread == null ? clean : t.add(clean, t.multiply(z, spread));
        boolean smooth = spread != null && spec.topK < spec.experts;
        Ranked top = t.topK(noisy, smooth ? spec.topK + 1 : spec.topK);           // (T, K + 1): the last is the threshold of the load
        Variable gates = t.softmax(smooth ? t.slice(top.values(), -1, 0, spec.topK) : top.values());
        int[] expert = smooth ? firstColumns(top.indices(), spec.topK) : top.indices();
        Routing routing = Routing.tokenChoice(spec.experts, spec.topK, expert, gates, t.softmax(clean), 0, List.of());
        Variable importance = BalanceLosses.importance(t, routing, keep);
        Variable load = smooth ? BalanceLosses.load(t, clean, spread, top, keep) : count(t, expert, keep, spec);
        List<AuxiliaryLoss> losses = new ArrayList<>();
        if (spec.importanceWeight > 0) {
            losses.add(new AuxiliaryLoss("importance", BalanceLosses.squaredVariation(t, importance), spec.importanceWeight));
        }
        if (spec.loadWeight > 0) {
            losses.add(new AuxiliaryLoss("load", BalanceLosses.squaredVariation(t, load), spec.loadWeight));
        }
        return new Gated(routing.withLosses(losses), noisy, importance, load);
    }

    /** Tokens of each expert: what the load is where no noise decides. */
    private static Variable count(Tape t, int[] expert, boolean[] keep, Spec spec) {
        double[] count = new double[spec.experts];
        for (int s = 0; s < expert.length; s++) {
            count[expert[s]] += keep == null || keep[s / spec.topK] ? 1 : 0;
        }
        return t.constant(Shape.of(spec.experts), count);
    }

    private static int[] firstColumns(int[] indices, int k) {
        int[] first = new int[indices.length / (k + 1) * k];
        for (int i = 0; i < first.length; i++) {
            first[i] = indices[i / k * (k + 1) + i % k];
        }
        return first;
    }

    /**
     * @param noisy (T,E) the logits that decided
     * @param importance (E) summed gates
     * @param load (E) smooth number of tokens
     */
    public record Gated(Routing routing, Variable noisy, Variable importance, Variable load) {}

    /**
     * @param importanceWeight w_importance; 0 leaves the loss out
     * @param loadWeight w_load; 0 leaves the loss out
     * @param noiseEpsilon added to the noise's standard deviation, 0.01 in the authors' code, 0 in the paper
     */
    public record Spec(int experts, int topK, double importanceWeight, double loadWeight, double noiseEpsilon) implements RouterSpec {
        public Spec {
            Require.topK(topK, experts);
            Require.notNegative("importanceWeight", importanceWeight);
            Require.notNegative("loadWeight", loadWeight);
            Require.notNegative("noiseEpsilon", noiseEpsilon);
        }

        /** Four of 32, as in the paper's MoE-32. */
        public Spec() {
            this(32, 4);
        }

        /** Both losses at the 0.1 of the paper's language models. */
        public Spec(int experts, int topK) {
            this(experts, topK, 0.1, 0.1, 1e-2);
        }

        @Override
        public double perToken() {
            return topK;
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts, perToken, importanceWeight, loadWeight, noiseEpsilon);
        }

        /** Both weights start at zero: no signal, and equal load by noise alone (appendix A). */
        @Override
        public Router build(int dim, Init init) {
            Shape shape = Shape.of(experts, dim);
            return new NoisyTopKRouter(this, init.zeros("gate", shape), init.zeros("noise", shape));
        }

        @Override
        public long parameters(int dim) {
            return 2L * experts * dim;
        }

        @Override
        public long flops(int dim, int tokens) {
            return 4L * tokens * dim * experts;
        }
    }
}
