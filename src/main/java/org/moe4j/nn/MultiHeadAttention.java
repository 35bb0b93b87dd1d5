package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/**
 * Causal self-attention that also gives its probabilities, for looking at them or putting a loss on them (Vaswani et al. 2017, section
 * 3.2.2). It holds the (B,H,T,T) scores; {@link CausalSelfAttention} doesn't. Queries, keys and values come from one projection,
 * rows q, k, v of its weight (3D,D).
 */
public final class MultiHeadAttention extends Module {
    private final int heads;
    private final Linear input;                                                   // D to 3D
    private final Linear output;                                                  // D to D

    public MultiHeadAttention(int dim, int heads, boolean bias, Init init) {
        if (dim % heads != 0) {
            throw new IllegalArgumentException("attention: a width of " + dim + " does not divide into " + heads + " heads");
        }
        this.heads = heads;
        this.input = part(new Linear(dim, 3 * dim, bias, init.at("input")));
        this.output = part(new Linear(dim, dim, bias, init.at("output")));
    }

    /** @param x (B,T,D) */
    public Result forward(Tape t, Variable x) {
        int time = x.shape().dim(1);
        int dim = x.shape().dim(2);
        Variable qkv = input.forward(t, x);                                       // (B, T, 3D)
        Variable q = heads(t, t.slice(qkv, 2, 0, dim));                           // (B, H, T, Dh)
        Variable k = heads(t, t.slice(qkv, 2, dim, 2 * dim));
        Variable v = heads(t, t.slice(qkv, 2, 2 * dim, 3 * dim));
        Variable scores = t.scale(t.matMul(q, k, false, true), 1 / Math.sqrt(dim / heads));
        Variable causal = t.log(t.lowerTriangle(time, time, 0));                  // 0 for the past, -∞ for the future
        Variable p = t.softmax(t.add(scores, causal));                            // (B, H, T, T)
        Variable y = t.permute(t.matMul(p, v), 0, 2, 1, 3);                       // (B, T, H, Dh)
        return new Result(output.forward(t, t.reshape(y, x.shape())), p);
    }

    private Variable heads(Tape t, Variable x) {
        int[] dims = x.shape().dims();
        return t.permute(t.reshape(x, dims[0], dims[1], heads, dims[2] / heads), 0, 2, 1, 3);
    }

    /**
     * @param y (B,T,D)
     * @param probabilities (B,H,T,T)
     */
    public record Result(Variable y, Variable probabilities) {}
}
