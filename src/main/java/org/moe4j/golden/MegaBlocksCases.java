package org.moe4j.golden;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.Routing;
import org.moe4j.experts.TopKRouter;

/** MegaBlocks' dropless router with its balance loss and z-loss. */
final class MegaBlocksCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.integer("layers", 1) != 1) {
            throw Verdict.notCovered("only a single router is computed, not several layers");
        }
        Tape t = bench.tape();
        Variable logits = t.linear(MixtralCases.tokens(t, bench.leaf("in.x")), bench.leaf("w.layer.weight"), null);
        TopKRouter.Spec spec = new TopKRouter.Spec(c.integer("E"), c.integer("k"), c.number("normalize_p", 0), Balance.MEAN_CHOICE, 0, 0);
        Routing routing = TopKRouter.gate(t, logits, null, spec);
        bench.out("scores", routing.probabilities());
        bench.out("expert_weights", routing.gates());
        bench.out("expert_indices", routing.expert());
        bench.out("tokens_per_expert", Slots.count(routing.expert().toArray(), spec.experts()));
        bench.out("lb_loss", t.scale(BalanceLosses.balance(t, spec.balance(), routing.probabilities(), routing.expert().toArray(), null), c.number("loss_weight", 1)));
        bench.out("z_loss", t.scale(BalanceLosses.z(t, logits, null), c.number("zloss_weight", 1)));
    }
}
