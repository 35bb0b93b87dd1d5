package org.moe4j.interchange;

import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.experts.Balance;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.CausalSelfAttention.QueryKeyNorm;

/** OLMoE (Muennighoff et al. 2024): queries and keys are normalised over all heads, gates are the probabilities as they are unless told. */
final class OlmoeLayout implements ModelLayout {
    /** The norms of queries and keys have this one, whatever the others have. */
    private static final double NORM_EPS = 1e-5;

    @Override
    public String modelType() {
        return "olmoe";
    }

    @Override
    public List<Place> places(Transformer.Spec spec) {
        int experts = Decoder.mixture(modelType(), spec).router().experts();
        return Decoder.places(spec, block -> {
            String theirs = Decoder.theirs(block);
            String ours = Decoder.ours(block);
            return Stream.of(
                Stream.of(Place.of(theirs + "self_attn.q_norm.weight", ours + "attention.queryNorm.weight"),
                    Place.of(theirs + "self_attn.k_norm.weight", ours + "attention.keyNorm.weight"),
                    Place.of(theirs + "mlp.gate.weight", ours + "feedForward.router.weight")),
                Place.rows(theirs + "mlp.experts.*.gate_proj.weight", ours + "feedForward.experts.gate", experts),
                Place.rows(theirs + "mlp.experts.*.up_proj.weight", ours + "feedForward.experts.in", experts),
                Place.rows(theirs + "mlp.experts.*.down_proj.weight", ours + "feedForward.experts.out", experts)).flatMap(places -> places);
        });
    }

    @Override
    public Transformer.Spec spec(Config config) {
        int heads = config.positive("num_attention_heads");
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(heads, config.positive("num_key_value_heads", heads), config.rotaryBase(1e4))
            .withNorm(QueryKeyNorm.ALL_HEADS);
        double eps = config.number("rms_norm_eps", NORM_EPS);
        if (eps != NORM_EPS) {
            throw new InputException(config.file() + ": rms_norm_eps is " + eps + "; the norms of queries and keys here have " + NORM_EPS + ", so only that is supported");
        }
        double clip = config.number("clip_qkv", 0);
        TopKRouter.Spec router = new TopKRouter.Spec(config.positive("num_experts"), config.positive("num_experts_per_tok"),
            config.flag("norm_topk_prob", false) ? 1 : 0, Balance.ALL_CHOICES, Decoder.balanceWeight(config, 0.01), 0);
        return Decoder.spec(config, config.has("clip_qkv") ? attention.withClip(clip) : attention, router, 4096);
    }

    @Override
    public ObjectNode config(Transformer.Spec spec) {
        MixtureOfExperts.Spec mixture = Decoder.mixture(modelType(), spec);
        TopKRouter.Spec router = (TopKRouter.Spec) mixture.router();
        CausalSelfAttention.Spec attention = spec.attention();
        Decoder.require(modelType(), router.norm() == 0 || router.norm() == 1, "gates that sum to 1, or the probabilities as they are");
        Decoder.require(modelType(), attention.norm() == QueryKeyNorm.ALL_HEADS, "queries and keys that are normalised over all heads");
        Decoder.require(modelType(), attention.headDim(spec.dim()) * attention.heads() == spec.dim(), "heads that cut the width into equal parts");
        Decoder.require(modelType(), spec.normEps() == NORM_EPS, "norms of an epsilon of " + NORM_EPS);
        ObjectNode fields = Decoder.fields(spec, router, (MlpExperts.Spec) mixture.experts(), "OlmoeForCausalLM");
        fields.put("model_type", modelType()).put("attention_bias", false).put("norm_topk_prob", router.norm() == 1).put("num_experts", router.experts())
            .put("output_router_logits", false).putNull("rope_scaling");
        return attention.clip() == null ? fields.putNull("clip_qkv") : fields.put("clip_qkv", attention.clip());
    }
}
