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

/**
 * Dropless top-k softmax gating: p = softmax(W x), the K largest, divided by their sum. The same numbers as Mixtral's
 * softmax(TopK(W x)) (Jiang et al. 2024, section 2.1), since the softmax over the chosen logits is the renormalised softmax over all.
 */
public final class TopKRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D)

    public TopKRouter(Spec spec, Parameter weight) {
        this.spec = spec;
        this.weight = own(weight);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        return gate(t, t.linear(x, weight, null), pass.keep(), spec);
    }

    /** The routing that follows from logits (T,E) alone. */
    public static Routing gate(Tape t, Variable logits, boolean[] keep, Spec spec) {
        Variable p = t.softmax(logits);                                           // (T, E)
        Ranked top = t.topK(p, spec.topK);                                        // (T, K)
        List<AuxiliaryLoss> losses = new ArrayList<>();
        if (spec.balanceWeight > 0) {
            losses.add(new AuxiliaryLoss("balance", BalanceLosses.balance(t, spec.balance, p, top.indices(), keep), spec.balanceWeight));
        }
        if (spec.zWeight > 0) {
            losses.add(new AuxiliaryLoss("z", BalanceLosses.z(t, logits, keep), spec.zWeight));
        }
        return Routing.tokenChoice(spec.experts, spec.topK, top.indices(), normalised(t, top.values(), spec.norm), p, 0, losses);
    }

    private static Variable normalised(Tape t, Variable chosen, double norm) {
        if (norm == 0) {
            return chosen;
        }
        Variable sum = norm == 1 ? t.sumKept(chosen, -1) : t.power(t.sumKept(t.power(chosen, norm), -1), 1 / norm);
        return t.divide(chosen, sum);
    }

    /**
     * @param norm the gates of a token are divided by this norm of theirs: 1 makes their sum 1 (Mixtral, DBRX), 0 leaves the
     *     probabilities as they are (OLMoE; MegaBlocks unless told)
     * @param balance the convention of the balance loss
     * @param balanceWeight its weight; 0 leaves it out
     * @param zWeight the weight of the z-loss; 0 leaves it out
     */
    public record Spec(int experts, int topK, double norm, Balance balance, double balanceWeight, double zWeight) implements RouterSpec {
        public Spec {
            Require.topK(topK, experts);
            Require.notNegative("norm", norm);
            Require.notNegative("balanceWeight", balanceWeight);
            Require.notNegative("zWeight", zWeight);
        }

        /** Two of eight, as in Mixtral. */
        public Spec() {
            this(8, 2);
        }

        /** Gates that sum to 1 and a balance loss of weight 0.01. */
        public Spec(int experts, int topK) {
            this(experts, topK, 1, Balance.MEAN_CHOICE, 0.01, 0);
        }

        @Override
        public double perToken() {
            return topK;
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts, perToken, norm, balance, balanceWeight, zWeight);
        }

        @Override
        public Router build(int dim, Init init) {
            return new TopKRouter(this, init.normal("weight", Shape.of(experts, dim), 1 / Math.sqrt(dim)));
        }
    }
}
