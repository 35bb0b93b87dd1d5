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
import org.moe4j.nn.Pass;
import org.moe4j.nn.RmsNorm;

/** h = x + attention(norm(x)); y = h + feedForward(norm(h)). */
final class Block extends Module {
    private final RmsNorm attentionNorm;
    private final CausalSelfAttention attention;
    private final RmsNorm feedForwardNorm;
    private final FeedForward feedForward;

    Block(ModelSpec spec, FeedForwardSpec layer, Init init) {
        attentionNorm = part(new RmsNorm(spec.dim(), LanguageModel.NORM_EPS, init.at("attentionNorm")));
        CausalSelfAttention.Spec heads = CausalSelfAttention.Spec.rotary(spec.heads(), spec.keyHeads(), spec.rotaryBase());
        attention = part(new CausalSelfAttention(spec.dim(), heads, init.at("attention")));
        feedForwardNorm = part(new RmsNorm(spec.dim(), LanguageModel.NORM_EPS, init.at("feedForwardNorm")));
        feedForward = part(layer.build(spec.dim(), init.at("feedForward")));
    }

    Result forward(Tape t, Variable x, Pass pass) {
        Variable h = t.add(x, attention.forward(t, attentionNorm.forward(t, x), pass));              // (T, D)
        FeedForward.Result f = feedForward.forward(t, feedForwardNorm.forward(t, h), pass);
        return new Result(t.add(h, f.y()), f.losses(), f.routing());
    }

    record Result(Variable y, List<AuxiliaryLoss> losses, Routing routing) {}
}
