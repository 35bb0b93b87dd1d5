package org.moe4j.golden;

import java.util.LinkedHashMap;
import java.util.Map;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.MultiHeadAttention;

/** Causal self-attention and rotary positions. */
final class AttentionCases {
    private AttentionCases() {}

    static void causal(GoldenCase c, Bench bench) {
        boolean bias = c.flag("bias", true);
        MultiHeadAttention attention = new MultiHeadAttention(c.integer("dim"), c.integer("heads"), bias, bench.init());
        bench.load(attention, weights(bench, "", "w.", bias));
        MultiHeadAttention.Result result = attention.forward(bench.tape(), bench.leaf("in.x"));
        bench.out("y", result.y());
        bench.out("attn", result.probabilities());
    }

    /** Our names of an attention's weights, and torch's. */
    static Map<String, Layout> weights(Bench bench, String ours, String theirs, boolean bias) {
        Map<String, Layout> weights = new LinkedHashMap<>();
        weights.put(ours + "input.weight", bench.at(theirs + "in_proj_weight"));
        weights.put(ours + "output.weight", bench.at(theirs + "out_proj.weight"));
        if (bias) {
            weights.put(ours + "input.bias", bench.at(theirs + "in_proj_bias"));
            weights.put(ours + "output.bias", bench.at(theirs + "out_proj.bias"));
        }
        return weights;
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
