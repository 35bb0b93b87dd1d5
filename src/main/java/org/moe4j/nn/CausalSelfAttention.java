package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/**
 * Causal self-attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023) and rotary positions (Su et al. 2021):
 * H query heads of width D / H share KV key/value heads. Projections have no bias, weights are (out, in).
 */
public final class CausalSelfAttention extends Module {
    private final int heads;
    private final int keyHeads;
    private final double rotaryBase;
    private final Parameter query;                                                // (D, D)
    private final Parameter key;                                                  // (KV·Dh, D)
    private final Parameter value;                                                // (KV·Dh, D)
    private final Parameter output;                                               // (D, D)

    /** Projections start as normal numbers of variance 1 / D. */
    public CausalSelfAttention(int dim, int heads, int keyHeads, double rotaryBase, Init init) {
        this.heads = heads;
        this.keyHeads = keyHeads;
        this.rotaryBase = rotaryBase;
        int keyWidth = keyHeads * (dim / heads);
        double deviation = 1 / Math.sqrt(dim);
        query = own(init.at("query").normal("weight", Shape.of(dim, dim), deviation));
        key = own(init.at("key").normal("weight", Shape.of(keyWidth, dim), deviation));
        value = own(init.at("value").normal("weight", Shape.of(keyWidth, dim), deviation));
        output = own(init.at("output").normal("weight", Shape.of(dim, dim), deviation));
    }

    /** @param x (B·T, D), tokens batch-major as {@code pass} says */
    public Variable forward(Tape t, Variable x, Pass pass) {
        Variable q = t.rotary(sequences(t, t.linear(x, query, null), pass), heads, rotaryBase, 0);       // (B, T, H·Dh)
        Variable k = t.rotary(sequences(t, t.linear(x, key, null), pass), keyHeads, rotaryBase, 0);      // (B, T, KV·Dh)
        Variable v = sequences(t, t.linear(x, value, null), pass);
        Variable y = t.attention(q, k, v, heads, keyHeads);
        return t.linear(t.reshape(y, x.shape()), output, null);                                         // (B·T, D)
    }

    private static Variable sequences(Tape t, Variable x, Pass pass) {
        return t.reshape(x, Shape.of(pass.batch(), pass.time(), x.shape().columns()));
    }
}
