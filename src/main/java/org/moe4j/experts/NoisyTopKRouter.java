package org.moe4j.experts;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.IntStorage;
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
        Variable spread = spread(t, t.linear(x, noise, null), spec.noiseEpsilon);
        return gate(t, clean, spread, draw(t, clean.shape(), gate, pass), pass.keep(), spec).routing();
    }

    /** The noise's standard deviation, softplus(x W_noise) + epsilon. */
    static Variable spread(Tape t, Variable logits, double epsilon) {
        return t.addScalar(t.softplus(logits), epsilon);
    }

    /** The standard normal numbers of one gate in this pass. */
    static Variable draw(Tape t, Shape shape, Parameter gate, Pass pass) {
        Variable z = t.filled(shape, 0);
        t.backend().normal(pass.random("noise " + gate.name()), 1, z.data());
        return z;
    }

    /**
     * H = clean + z · spread; G = softmax of the K largest of H.
     *
     * @param clean (T,E) logits
     * @param spread (T,E) standard deviation of the noise, or null for none
     * @param z (T,E) standard normal numbers, or null for none
     */
    public static Gated gate(Tape t, Variable clean, Variable spread, Variable z, boolean[] keep, Spec spec) {
        Choice choice = choose(t, clean, spread, z, spec.topK);
        Routing routing = Routing.tokenChoice(spec.experts, spec.topK, choice.expert, choice.gates, t.softmax(clean), 0, List.of());
        Variable importance = BalanceLosses.importance(t, routing, keep);
        Variable load = choice.smooth ? BalanceLosses.load(t, clean, spread, choice.top, keep) : count(t, choice.expert, keep, spec);
        return new Gated(routing.withLosses(losses(t, importance, load, spec.importanceWeight, spec.loadWeight)), choice.noisy, importance, load);
    }

    /** The K experts of each token: equations 3 to 5 without the losses. The arguments are those of {@link #gate}. */
    static Choice choose(Tape t, Variable clean, Variable spread, Variable z, int topK) {
        Variable noisy = spread == null ? clean : t.add(clean, t.multiply(z, spread));
        boolean smooth = spread != null && topK < clean.shape().columns();
        Ranked top = t.topK(noisy, smooth ? topK + 1 : topK);                     // (T, K + 1): the last is the threshold of the load
        Variable gates = t.softmax(smooth ? t.slice(top.values(), -1, 0, topK) : top.values());
        return new Choice(noisy, top, gates, smooth ? BalanceLosses.firstColumns(t, top.indices(), topK + 1, topK) : top.indices(), smooth);
    }

    /** w CV² of importance and load, without the one whose weight is 0. */
    static List<AuxiliaryLoss> losses(Tape t, Variable importance, Variable load, double importanceWeight, double loadWeight) {
        List<AuxiliaryLoss> losses = new ArrayList<>();
        if (importanceWeight > 0) {
            losses.add(new AuxiliaryLoss("importance", BalanceLosses.squaredVariation(t, importance), importanceWeight));
        }
        if (loadWeight > 0) {
            losses.add(new AuxiliaryLoss("load", BalanceLosses.squaredVariation(t, load), loadWeight));
        }
        return losses;
    }

    /** Tokens of each expert: what the load is where no noise decides. */
    private static Variable count(Tape t, IntStorage chosen, boolean[] keep, Spec spec) {
        Variable count = t.filled(Shape.of(spec.experts), 0);
        t.backend().countInts(BalanceLosses.kept(chosen, spec.topK, keep), new double[] {1}, spec.experts, count.data());
        return count;
    }

    /**
     * @param noisy (T,E) the logits that decided
     * @param top the largest of them, one more than K if {@code smooth}
     * @param gates (T,K)
     * @param expert (T,K)
     * @param smooth whether noise makes the load a smooth function: not where there is none, nor where all experts are chosen
     */
    record Choice(Variable noisy, Ranked top, Variable gates, IntStorage expert, boolean smooth) {}

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
