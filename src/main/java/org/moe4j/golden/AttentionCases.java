package org.moe4j.golden;

import java.util.Arrays;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** Causal self-attention and rotary positions. */
final class AttentionCases {
    private AttentionCases() {}

    static void causal(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable qkv = t.linear(bench.leaf("in.x"), bench.leaf("w.in_proj_weight"), bench.leafIfPresent("w.in_proj_bias"));
        int heads = c.integer("heads");
        int dim = qkv.shape().columns() / 3;
        Variable q = t.slice(qkv, -1, 0, dim);
        Variable k = t.slice(qkv, -1, dim, 2 * dim);
        Variable v = t.slice(qkv, -1, 2 * dim, 3 * dim);
        bench.out("y", t.linear(t.attention(q, k, v, heads, heads), bench.leaf("w.out_proj.weight"), bench.leafIfPresent("w.out_proj.bias")));
        bench.out("attn", probabilities(t, q, k, heads));
    }

    /** The attention's probabilities (B,H,T,T), which the fused operation never forms: worked out beside it. */
    private static Variable probabilities(Tape t, Variable q, Variable k, int heads) {
        int time = q.shape().dim(1);
        int headDim = q.shape().columns() / heads;
        Variable scores = t.matMul(byHead(t, q, heads), byHead(t, k, heads), false, true);
        double[] above = new double[time * time];
        for (int i = 0; i < time; i++) {
            Arrays.fill(above, i * time + i + 1, (i + 1) * time, Double.NEGATIVE_INFINITY);
        }
        Variable mask = t.constant(Shape.of(time, time), above);
        return t.softmax(t.add(t.scale(scores, 1 / Math.sqrt(headDim)), mask));
    }

    private static Variable byHead(Tape t, Variable x, int heads) {
        return t.permute(t.reshape(x, x.shape().dim(0), x.shape().dim(1), heads, -1), 0, 2, 1, 3);
    }

    /** The case keeps (B,H,T,Dh), the operation (B,T,H·Dh). */
    static void rotary(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        int heads = x.shape().dim(1);
        int time = x.shape().dim(2);
        Variable flat = t.reshape(t.permute(x, 0, 2, 1, 3), x.shape().dim(0), time, -1);
        Variable turned = t.rotary(flat, heads, c.number("base", 10_000), c.integer("first_position", 0));
        bench.out("y", t.permute(t.reshape(turned, x.shape().dim(0), time, heads, -1), 0, 2, 1, 3));
    }
}
