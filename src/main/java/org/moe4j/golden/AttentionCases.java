package org.moe4j.golden;

import java.util.LinkedHashMap;
import java.util.Map;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.MultiHeadAttention;
import org.moe4j.nn.Pass;

/** Causal self-attention and rotary positions. */
final class AttentionCases {
    private AttentionCases() {}

    /** The output from the attention that never forms its probabilities, the probabilities from the one that does. */
    static void causal(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        int dim = c.integer("dim");
        int heads = c.integer("heads");
        boolean bias = c.flag("bias", true);
        CausalSelfAttention.Spec spec = CausalSelfAttention.Spec.plain(heads).withBiases(bias ? CausalSelfAttention.Biases.ALL : CausalSelfAttention.Biases.NONE);
        CausalSelfAttention attention = new CausalSelfAttention(dim, spec, bench.init());
        bench.load(attention, separate(bench, "w.", dim, bias));
        MultiHeadAttention open = new MultiHeadAttention(dim, heads, bias, bench.init());
        bench.load(open, joined(bench, bias));
        bench.out("y", attention.forward(t, MixtralCases.tokens(t, x), Pass.evaluation(x.shape().dim(0), x.shape().dim(1))));
        bench.out("attn", open.forward(t, x).probabilities());
    }

    private static Map<String, Layout> joined(Bench bench, boolean bias) {
        Map<String, Layout> weights = new LinkedHashMap<>();
        weights.put("input.weight", bench.at("w.in_proj_weight"));
        weights.put("output.weight", bench.at("w.out_proj.weight"));
        if (bias) {
            weights.put("input.bias", bench.at("w.in_proj_bias"));
            weights.put("output.bias", bench.at("w.out_proj.bias"));
        }
        return weights;
    }

    /** The rows q, k, v of torch's input projection as three projections. */
    static Map<String, Layout> separate(Bench bench, String theirs, int dim, boolean bias) {
        Map<String, Layout> weights = new LinkedHashMap<>();
        String[] names = {"query", "key", "value"};
        for (int i = 0; i < names.length; i++) {
            weights.put(names[i] + ".weight", bench.at(theirs + "in_proj_weight").rows(i * dim, (i + 1) * dim));
            if (bias) {
                weights.put(names[i] + ".bias", bench.at(theirs + "in_proj_bias").rows(i * dim, (i + 1) * dim));
            }
        }
        weights.put("output.weight", bench.at(theirs + "out_proj.weight"));
        if (bias) {
            weights.put("output.bias", bench.at(theirs + "out_proj.bias"));
        }
        return weights;
    }

    /** Pairs (i, i + Dh/2). */
    static void rotary(GoldenCase c, Bench bench) {
        bench.out("y", turned(c, bench.tape(), bench.leaf("in.x")));
    }

    /** Pairs (2i, 2i + 1), as the papers have them: the same turn of the same numbers in another order. */
    static void rotaryInterleaved(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        int[] d = x.shape().dims();
        Variable halves = t.permute(t.reshape(x, d[0], d[1], d[2], d[3] / 2, 2), 0, 1, 2, 4, 3);
        Variable turned = t.reshape(turned(c, t, t.reshape(halves, d)), d[0], d[1], d[2], 2, d[3] / 2);
        bench.out("y", t.reshape(t.permute(turned, 0, 1, 2, 4, 3), d));
    }

    /** The case keeps (B,H,T,Dh), the operation (B,T,H·Dh). */
    private static Variable turned(GoldenCase c, Tape t, Variable x) {
        int heads = x.shape().dim(1);
        int time = x.shape().dim(2);
        Variable flat = t.reshape(t.permute(x, 0, 2, 1, 3), x.shape().dim(0), time, -1);
        Variable turned = t.rotary(flat, heads, c.number("base", 10_000), c.integer("first_position", 0));
        return t.permute(t.reshape(turned, x.shape().dim(0), time, heads, -1), 0, 2, 1, 3);
    }
}
