package org.moe4j.golden;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.Routing;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** This project's own language model with the weights of a Hugging Face Mixtral. */
final class MixtralModel implements EndToEndCases.Model {
    private final LanguageModel model;
    private final int[] ids;
    private final Pass pass;

    MixtralModel(GoldenCase c, Bench bench) {
        int layers = c.integer("layers");
        Shape batch = c.tensor("in.ids").shape();
        MixtureOfExperts.Spec layer = new MixtureOfExperts.Spec(
            new TopKRouter.Spec(c.integer("E"), c.integer("k"), 1, Balance.ALL_CHOICES, 0, 0), new MlpExperts.Spec(c.integer("F"), Activation.SWIGLU, false));
        boolean tied = !c.has("w.lm_head.weight");
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(c.integer("heads"), c.integer("kv_heads"), c.number("rope_theta", 10_000));
        model = new Transformer.Spec(c.integer("V"), c.integer("D"), batch.columns(), attention, Norm.Kind.RMS, c.number("rms_eps", 1e-5), false, tied, 1, 1,
            Repeat.everyBlock(layers, layer)).build(bench.init());
        ids = c.integers("in.ids");
        pass = new Pass(batch.dim(0), batch.dim(1), true, null, null, null, null);
        Map<String, Layout> weights = new LinkedHashMap<>();
        weights.put("embedding.weight", bench.at("w.embed_tokens.weight"));
        weights.put("norm.weight", bench.at("w.norm.weight"));
        if (!tied) {
            weights.put("head.weight", bench.at("w.lm_head.weight"));
        }
        for (int l = 0; l < layers; l++) {
            weights.putAll(block(bench, "blocks." + l + ".", "w.layers." + l + "."));
        }
        bench.load(model, weights);
    }

    private static Map<String, Layout> block(Bench bench, String ours, String theirs) {
        Map<String, Layout> weights = new LinkedHashMap<>();
        weights.put(ours + "attentionNorm.weight", bench.at(theirs + "input_layernorm.weight"));
        weights.put(ours + "feedForwardNorm.weight", bench.at(theirs + "post_attention_layernorm.weight"));
        weights.put(ours + "attention.query.weight", bench.at(theirs + "self_attn.q_proj.weight"));
        weights.put(ours + "attention.key.weight", bench.at(theirs + "self_attn.k_proj.weight"));
        weights.put(ours + "attention.value.weight", bench.at(theirs + "self_attn.v_proj.weight"));
        weights.put(ours + "attention.output.weight", bench.at(theirs + "self_attn.o_proj.weight"));
        weights.put(ours + "feedForward.router.weight", bench.at(theirs + "block_sparse_moe.gate.weight"));
        weights.put(ours + "feedForward.experts.gate", bench.stack(theirs + "block_sparse_moe.experts.*.w1.weight"));
        weights.put(ours + "feedForward.experts.in", bench.stack(theirs + "block_sparse_moe.experts.*.w3.weight"));
        weights.put(ours + "feedForward.experts.out", bench.stack(theirs + "block_sparse_moe.experts.*.w2.weight"));
        return weights;
    }

    @Override
    public List<Parameter> parameters() {
        return model.parameters();
    }

    @Override
    public EndToEndCases.Step forward(Tape t, int step) {
        LanguageModel.Output output = model.forward(t, ids, pass);
        Variable balance = BalanceLosses.balanceOverLayers(t, Balance.ALL_CHOICES, output.routings(), null);
        int[] selected = output.routings().stream().flatMapToInt(r -> Arrays.stream(r.expert().toArray())).toArray();
        return new EndToEndCases.Step(output.logits(t), balance, selected);
    }
}
