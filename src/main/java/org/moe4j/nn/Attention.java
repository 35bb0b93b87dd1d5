package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.nn.CausalSelfAttention.Biases;
import org.moe4j.nn.CausalSelfAttention.QueryKeyNorm;
import org.moe4j.tensor.Shape;

/**
 * The projections of an attention and what is done between them (Vaswani et al. 2017, section 3.2.2), over the past or over all
 * positions, of the sequence itself or of another one. Scores are scaled by 1/sqrt(Dh), the T5 family's too, whose code leaves that to the
 * first weights of the query projection.
 */
public final class Attention extends Module {
    private static final double NORM_EPS = 1e-5;

    private final CausalSelfAttention.Spec spec;
    private final int headDim;                                                    // Dh
    private final Linear query;                                                   // D to H·Dh
    private final Linear key;                                                     // D to KV·Dh
    private final Linear value;                                                   // D to KV·Dh
    private final Linear output;                                                  // H·Dh to D
    private final RmsNorm queryNorm;                                              // null where there is none
    private final RmsNorm keyNorm;

    /** Projections start as normal numbers of variance 1 over the width of what they read. */
    public Attention(int dim, CausalSelfAttention.Spec spec, Init init) {
        spec.requireFit(dim);
        this.spec = spec;
        headDim = spec.headDim(dim);
        int queryWidth = spec.heads() * headDim;
        int keyWidth = spec.keyHeads() * headDim;
        boolean biased = spec.biases() != Biases.NONE;
        query = part(new Linear(dim, queryWidth, biased, init.at("query")));
        key = part(new Linear(dim, keyWidth, biased, init.at("key")));
        value = part(new Linear(dim, keyWidth, biased, init.at("value")));
        output = part(new Linear(queryWidth, dim, spec.biases() == Biases.ALL, init.at("output")));
        queryNorm = norm(queryWidth, init.at("queryNorm"));
        keyNorm = norm(keyWidth, init.at("keyNorm"));
    }

    private RmsNorm norm(int width, Init init) {
        return switch (spec.norm()) {
            case NONE -> null;
            case ALL_HEADS -> part(new RmsNorm(width, NORM_EPS, init));
            case EACH_HEAD -> part(new RmsNorm(headDim, NORM_EPS, init));
        };
    }

    /**
     * @param x (B·Tq, D), batch-major
     * @param memory (B·Tk, D), what keys and values are read from; x itself for self-attention
     * @param batch B
     * @param causal whether position t sees those up to t only
     * @param bias what the scores get for the distance, or null
     * @return (B·Tq, D)
     */
    public Variable forward(Tape t, Variable x, Variable memory, int batch, boolean causal, RelativeBias bias) {
        Variable q = turned(t, clipped(t, normed(t, sequences(t, query.forward(t, x), batch), queryNorm)), spec.heads());      // (B, Tq, H·Dh)
        Variable k = turned(t, clipped(t, normed(t, sequences(t, key.forward(t, memory), batch), keyNorm)), spec.keyHeads());  // (B, Tk, KV·Dh)
        Variable v = clipped(t, sequences(t, value.forward(t, memory), batch));
        AttentionShape shape = new AttentionShape(batch, q.shape().dim(1), k.shape().dim(1), spec.heads(), spec.keyHeads(), headDim,
            1 / Math.sqrt(headDim), causal, spec.softCap() == null ? 0 : spec.softCap());
        Variable y = t.attention(q, k, v, bias == null ? null : bias.forward(t, shape), shape);
        return output.forward(t, t.reshape(y, x.shape().rows(), q.shape().columns()));
    }

    private static Variable sequences(Tape t, Variable x, int batch) {
        return t.reshape(x, Shape.of(batch, x.shape().rows() / batch, x.shape().columns()));
    }

    private Variable normed(Tape t, Variable x, RmsNorm norm) {
        if (norm == null) {
            return x;
        }
        Variable y = spec.norm() == QueryKeyNorm.ALL_HEADS ? x : t.reshape(x, -1, headDim);
        return t.reshape(norm.forward(t, y), x.shape());
    }

    private Variable clipped(Tape t, Variable x) {
        return spec.clip() == null ? x : t.clamp(x, -spec.clip(), spec.clip());
    }

    private Variable turned(Tape t, Variable x, int heads) {
        return spec.rotaryBase() == null ? x : t.rotary(x, heads, spec.rotaryBase(), 0);
    }
}
