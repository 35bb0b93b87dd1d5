package org.moe4j.golden;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.Routing;
import org.moe4j.experts.TopKRouter;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RmsNorm;

/** Mixtral's mixture block, its balance loss, and its decoder layer; told apart by the tensors of the case. */
final class MixtralCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("in.logits0")) {
            balanceLoss(c, bench);
        } else if (c.has("w.self_attn.q_proj.weight")) {
            decoderLayer(c, bench);
        } else {
            block(c, bench);
        }
    }

    private static void block(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Mixture m = mixture(c, bench, tokens(t, bench.leaf("in.x")), "w.");
        bench.out("y", m.y);
        bench.out("router_logits", m.logits);
        bench.out("routing_weights", m.routing.gates());
        bench.out("selected_experts", m.routing.expert());
        bench.out("tokens_per_expert", Slots.count(m.routing.expert().toArray(), m.routing.experts()));
        bench.out("aux_loss", BalanceLosses.balance(t, Balance.ALL_CHOICES, m.routing.probabilities(), m.routing.expert().toArray(), null));
    }

    private static void decoderLayer(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable input = bench.leaf("in.x");
        Variable x = tokens(t, input);
        int dim = x.shape().columns();
        Pass pass = Pass.evaluation(input.shape().dim(0), input.shape().dim(1));
        CausalSelfAttention.Spec heads = CausalSelfAttention.Spec.rotary(c.integer("heads"), c.integer("kv_heads"), c.number("rope_theta", 10_000));
        CausalSelfAttention attention = new CausalSelfAttention(dim, heads, bench.init());
        bench.load(attention, Map.of("query.weight", bench.at("w.self_attn.q_proj.weight"), "key.weight", bench.at("w.self_attn.k_proj.weight"),
            "value.weight", bench.at("w.self_attn.v_proj.weight"), "output.weight", bench.at("w.self_attn.o_proj.weight")));
        Variable h = t.add(x, attention.forward(t, norm(c, bench, "w.input_layernorm.weight").forward(t, x), pass));
        Variable normed = norm(c, bench, "w.post_attention_layernorm.weight").forward(t, h);
        Mixture m = mixture(c, bench, normed, "w.block_sparse_moe.");
        bench.out("y", t.add(h, m.y));
        bench.out("router_logits", m.logits);
        bench.out("selected_experts", m.routing.expert());
    }

    private static RmsNorm norm(GoldenCase c, Bench bench, String weight) {
        RmsNorm norm = new RmsNorm(c.tensor(weight).size(), c.number("rms_eps", 1e-5), bench.init());
        bench.load(norm, Map.of("weight", bench.at(weight)));
        return norm;
    }

    private static void balanceLoss(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        TopKRouter.Spec spec = spec(c);
        List<Routing> layers = IntStream.iterate(0, l -> c.has("in.logits" + l), l -> l + 1)
            .mapToObj(l -> TopKRouter.gate(t, bench.leaf("in.logits" + l), null, spec)).toList();
        boolean[] keep = null;
        if (c.has("in.attention_mask")) {
            int[] mask = c.integers("in.attention_mask");
            keep = new boolean[mask.length];
            for (int i = 0; i < mask.length; i++) {
                keep[i] = mask[i] != 0;
            }
        }
        bench.out("aux_loss", BalanceLosses.balanceOverLayers(t, Balance.ALL_CHOICES, layers, keep));
    }

    private static Mixture mixture(GoldenCase c, Bench bench, Variable x, String prefix) {
        Tape t = bench.tape();
        Variable logits = t.linear(x, bench.leaf(prefix + "gate.weight"), null);
        Routing routing = TopKRouter.gate(t, logits, null, spec(c));
        MlpExperts experts = new MlpExperts(Activation.SWIGLU, bench.parameter(bench.stack(prefix + "experts.*.w3.weight")),
            bench.parameter(bench.stack(prefix + "experts.*.w1.weight")), bench.parameter(bench.stack(prefix + "experts.*.w2.weight")), null, null, null);
        return new Mixture(logits, routing, experts.forward(t, x, routing));
    }

    private record Mixture(Variable logits, Routing routing, Variable y) {}

    private static TopKRouter.Spec spec(GoldenCase c) {
        return new TopKRouter.Spec(c.integer("E"), c.integer("k"), 1, Balance.ALL_CHOICES, 0, 0);
    }

    /** x (.., D) as rows. */
    static Variable tokens(Tape t, Variable x) {
        return t.reshape(x, -1, x.shape().columns());
    }
}
