package org.moe4j.model;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.nn.Attention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RelativeBias;

/**
 * A block of the encoder: h = x + attention(norm(x)); y = h + feedForward(norm(h)). In one of the decoder the attention is causal, and
 * h + attention(norm(h), memory) comes between the two.
 */
final class EncoderDecoderBlock extends Module {
    private final Norm attentionNorm;
    private final Attention attention;
    private final Norm crossNorm;                                                 // null in the encoder
    private final Attention cross;                                                // null in the encoder
    private final Norm feedForwardNorm;
    private final FeedForward feedForward;

    EncoderDecoderBlock(EncoderDecoder.Spec spec, boolean decoder, FeedForwardSpec layer, Init init) {
        attentionNorm = part(spec.norm(init.at("attentionNorm")));
        attention = part(new Attention(spec.dim(), spec.attention(), init.at("attention")));
        crossNorm = decoder ? part(spec.norm(init.at("crossNorm"))) : null;
        cross = decoder ? part(new Attention(spec.dim(), spec.attention().withoutPositions(), init.at("cross"))) : null;
        feedForwardNorm = part(spec.norm(init.at("feedForwardNorm")));
        feedForward = part(layer.build(spec.dim(), init.at("feedForward")));
    }

    /**
     * @param x (B·T, D)
     * @param memory (B·Tk, D) what the encoder made; null in the encoder
     * @param positions of self-attention, or null
     */
    FeedForward.Result forward(Tape t, Variable x, Variable memory, RelativeBias positions, Pass pass) {
        Variable normed = attentionNorm.forward(t, x);
        Variable h = t.add(x, attention.forward(t, normed, normed, pass.batch(), cross != null, positions));
        if (cross != null) {
            h = t.add(h, cross.forward(t, crossNorm.forward(t, h), memory, pass.batch(), false, null));
        }
        FeedForward.Result f = feedForward.forward(t, feedForwardNorm.forward(t, h), pass);
        return new FeedForward.Result(t.add(h, f.y()), f.losses(), f.routing());
    }
}
