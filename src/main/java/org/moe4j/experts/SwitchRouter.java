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

/**
 * Switch routing (Fedus et al. 2022, section 2.1): each token goes to the one expert of largest probability, which is its gate, while that
 * expert has room for it; the batch is one group.
 */
public final class SwitchRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D)

    public SwitchRouter(Spec spec, Parameter weight) {
        this.spec = spec;
        this.weight = own(weight);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        return gate(t, t.linear(jittered(t, x, pass), weight, null), pass.keep(), spec);
    }

    /** x times uniform numbers within 1 ± jitter, in training (appendix C). */
    private Variable jittered(Tape t, Variable x, Pass pass) {
        if (!pass.training() || spec.jitter == 0) {
            return x;
        }
        Variable factor = t.filled(x.shape(), 1);
        t.backend().uniform(pass.random("jitter " + weight.name()), 1 - spec.jitter, 1 + spec.jitter, factor.data());
        return t.multiply(x, factor);
    }

    /** The routing that follows from logits (T,E) alone. */
    public static Routing gate(Tape t, Variable logits, boolean[] keep, Spec spec) {
        Variable p = t.softmax(logits);                                           // (T, E)
        Ranked top = t.topK(p, 1);                                                // (T, 1)
        int tokens = logits.shape().rows();
        int capacity = Math.max(1, (int) Math.ceil(spec.capacityFactor * tokens / spec.experts));
        IntStorage kept = Buffers.inOrder(t, capacity, spec.experts, top.indices());
        List<AuxiliaryLoss> losses = new ArrayList<>();
        if (spec.balanceWeight > 0) {
            losses.add(new AuxiliaryLoss("balance", BalanceLosses.balance(t, Balance.FIRST_CHOICE, p, top.indices(), keep), spec.balanceWeight));
        }
        if (spec.zWeight > 0) {
            losses.add(new AuxiliaryLoss("z", BalanceLosses.z(t, logits, keep), spec.zWeight));
        }
        Variable gates = t.multiply(top.values(), Buffers.mask(t, kept, spec.experts, top.values().shape()));
        return Routing.tokenChoice(spec.experts, 1, kept, gates, p, losses).withDropped(() -> Buffers.dropped(top.indices(), kept));
    }

    /**
     * @param capacityFactor places of all buffers together, as a multiple of the tokens
     * @param jitter the half-width of the multiplicative noise on the router's input; 0 for none
     * @param balanceWeight the paper's alpha; 0 leaves the loss out
     * @param zWeight the weight of the z-loss; 0 leaves it out
     */
    public record Spec(int experts, double capacityFactor, double jitter, double balanceWeight, double zWeight) implements RouterSpec {
        public Spec {
            Require.positive("experts", experts);
            Require.positive("capacityFactor", capacityFactor);
            Require.notNegative("jitter", jitter);
            Require.notNegative("balanceWeight", balanceWeight);
            Require.notNegative("zWeight", zWeight);
        }

        /** Eight experts with the paper's capacity factor 1.25, jitter and alpha 0.01. */
        public Spec() {
            this(8, 1.25, 0.01, 0.01, 0);
        }

        @Override
        public double perToken() {
            return 1;
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            Require.exactly("perToken", perToken, 1, "switch routing");
            return new Spec(experts, capacityFactor, jitter, balanceWeight, zWeight);
        }

        @Override
        public Router build(int dim, Init init) {
            return new SwitchRouter(this, init.normal("weight", Shape.of(experts, dim), 1 / Math.sqrt(dim)));
        }
    }
}
