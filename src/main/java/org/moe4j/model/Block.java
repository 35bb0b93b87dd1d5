package org.moe4j.model;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.Routing;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;

/** h = x + attention(norm(x)); y = h + feedForward(norm(h)); a sandwich block (Grok-1) normalises what is added, too. */
final class Block extends Module {
    private final Norm attentionNorm;
    private final CausalSelfAttention attention;
    private final Norm attentionOutputNorm;                                       // null where there is none
    private final Norm feedForwardNorm;
    private final FeedForward feedForward;
    private final Norm feedForwardOutputNorm;                                     // null where there is none

    Block(Transformer.Spec spec, FeedForwardSpec layer, Init init) {
        attentionNorm = part(spec.norm(init.at("attentionNorm")));
        attention = part(new CausalSelfAttention(spec.dim(), spec.attention(), init.at("attention")));
        attentionOutputNorm = spec.sandwich() ? part(spec.norm(init.at("attentionOutputNorm"))) : null;
        feedForwardNorm = part(spec.norm(init.at("feedForwardNorm")));
        feedForward = part(layer.build(spec.dim(), init.at("feedForward")));
        feedForwardOutputNorm = spec.sandwich() ? part(spec.norm(init.at("feedForwardOutputNorm"))) : null;
    }

    Result forward(Tape t, Variable x, Pass pass) {
        Variable a = attention.forward(t, attentionNorm.forward(t, x), pass);
        Variable h = t.add(x, attentionOutputNorm == null ? a : attentionOutputNorm.forward(t, a));                  // (T, D)
        FeedForward.Result f = feedForward.forward(t, feedForwardNorm.forward(t, h), pass);
        Variable y = feedForwardOutputNorm == null ? f.y() : feedForwardOutputNorm.forward(t, f.y());
        return new Result(t.add(h, y), f.losses(), f.routing());
    }

    record Result(Variable y, List<AuxiliaryLoss> losses, Routing routing) {}
}
