package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;

/** What the blocks of a language model add to products: norms, positions, attention. */
public interface SequenceOperations extends Recorder {
    /** (x - mean) / sqrt(var + eps) gain + bias along the last axis; gain and bias may be null. */
    default Variable layerNorm(Variable x, Variable gain, Variable bias, double eps) {
        return run(new LayerNorm(x, gain, bias, eps));
    }

    /** x / sqrt(mean(x²) + eps) gain along the last axis; the gain may be null. */
    default Variable rmsNorm(Variable x, Variable gain, double eps) {
        return run(new RmsNorm(x, gain, eps));
    }

    /** Rotary positions of x (B,T,H·Dh) in half-split pairs, counted from {@code first} along T. */
    default Variable rotary(Variable x, int heads, double base, int first) {
        return run(new Rotary(x, heads, base, first));
    }

    /** Causal attention of q (B,T,H·Dh) over k, v (B,T,KV·Dh), scaled by 1/sqrt(Dh). */
    default Variable attention(Variable q, Variable k, Variable v, int heads, int keyHeads) {
        int headDim = q.shape().columns() / heads;
        return attention(q, k, v, null,
                new AttentionShape(q.shape().dim(0), q.shape().dim(1), heads, keyHeads, headDim, 1 / Math.sqrt(headDim)));
    }

    /** Attention of q (B,Tq,H·Dh) over k, v (B,Tk,KV·Dh) with a bias (H, distances) of the scores, or null. */
    default Variable attention(Variable q, Variable k, Variable v, Variable bias, AttentionShape shape) {
        return run(new Attention(q, k, v, bias, shape));
    }
}
