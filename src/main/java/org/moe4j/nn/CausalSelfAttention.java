package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/**
 * Causal self-attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023) and rotary positions (Su et al. 2021):
 * H query heads of width D / H share KV key/value heads.
 */
public final class CausalSelfAttention extends Module {
    private static final double NORM_EPS = 1e-5;

    private final Spec spec;
    private final Linear query;                                                   // D to D
    private final Linear key;                                                     // D to KV·Dh
    private final Linear value;                                                   // D to KV·Dh
    private final Linear output;                                                  // D to D
    private final RmsNorm queryNorm;                                              // null where there is none
    private final RmsNorm keyNorm;

    /**
     * @param heads H
     * @param keyHeads KV, which divides H
     * @param rotaryBase of the angles, 10000 in the paper; 0 for no rotary positions
     * @param bias whether the four projections have one
     * @param normed whether queries and keys pass a norm over all heads before they are turned (OLMoE, Muennighoff et al. 2024)
     */
    public record Spec(int heads, int keyHeads, double rotaryBase, boolean bias, boolean normed) {
        /** As in Llama and Mixtral: rotary positions, no bias, no norm. */
        public static Spec rotary(int heads, int keyHeads, double base) {
            return new Spec(heads, keyHeads, base, false, false);
        }
    }

    /** Projections start as normal numbers of variance 1 / D. */
    public CausalSelfAttention(int dim, Spec spec, Init init) {
        if (dim % spec.heads != 0 || spec.heads % spec.keyHeads != 0) {
            throw new IllegalArgumentException("attention: a width of " + dim + " wants a number of heads that divides it and that the "
                    + "key heads divide, not " + spec.heads + " and " + spec.keyHeads);
        }
        this.spec = spec;
        int keyWidth = spec.keyHeads * (dim / spec.heads);
        query = part(new Linear(dim, dim, spec.bias, init.at("query")));
        key = part(new Linear(dim, keyWidth, spec.bias, init.at("key")));
        value = part(new Linear(dim, keyWidth, spec.bias, init.at("value")));
        output = part(new Linear(dim, dim, spec.bias, init.at("output")));
        queryNorm = spec.normed ? part(new RmsNorm(dim, NORM_EPS, init.at("queryNorm"))) : null;
        keyNorm = spec.normed ? part(new RmsNorm(keyWidth, NORM_EPS, init.at("keyNorm"))) : null;
    }

    /** @param x (B·T, D), tokens batch-major as {@code pass} says */
    public Variable forward(Tape t, Variable x, Pass pass) {
        Variable q = turned(t, project(t, x, query, queryNorm, pass), spec.heads);                       // (B, T, H·Dh)
        Variable k = turned(t, project(t, x, key, keyNorm, pass), spec.keyHeads);                        // (B, T, KV·Dh)
        Variable v = project(t, x, value, null, pass);
        Variable y = t.attention(q, k, v, spec.heads, spec.keyHeads);
        return output.forward(t, t.reshape(y, x.shape()));                                              // (B·T, D)
    }

    private static Variable project(Tape t, Variable x, Linear projection, RmsNorm norm, Pass pass) {
        Variable y = projection.forward(t, x);
        Variable normed = norm == null ? y : norm.forward(t, y);
        return t.reshape(normed, Shape.of(pass.batch(), pass.time(), y.shape().columns()));
    }

    private Variable turned(Tape t, Variable x, int heads) {
        return spec.rotaryBase == 0 ? x : t.rotary(x, heads, spec.rotaryBase, 0);
    }
}
