package org.moe4j.interchange;

import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.experts.Balance;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.CausalSelfAttention.QueryKeyNorm;

/** Mixtral (Jiang et al. 2024): the gates of the chosen experts sum to 1. */
final class MixtralLayout implements ModelLayout {
    @Override
    public String modelType() {
        return "mixtral";
    }

    @Override
    public List<Place> places(Transformer.Spec spec) {
        int experts = Decoder.mixture(modelType(), spec).router().experts();
        return Decoder.places(spec, block -> {
            String theirs = Decoder.theirs(block) + "block_sparse_moe.";
            String ours = Decoder.ours(block) + "feedForward.";
            return Stream.of(
                Stream.of(Place.of(theirs + "gate.weight", ours + "router.weight")),
                Place.rows(theirs + "experts.*.w1.weight", ours + "experts.gate", experts),
                Place.rows(theirs + "experts.*.w2.weight", ours + "experts.out", experts),
                Place.rows(theirs + "experts.*.w3.weight", ours + "experts.in", experts)).flatMap(places -> places);
        });
    }

    @Override
    public Transformer.Spec spec(Config config) {
        int heads = config.positive("num_attention_heads");
        Integer headDim = config.has("head_dim") ? config.positive("head_dim") : null;
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(heads,
            config.positive("num_key_value_heads", config.isNull("num_key_value_heads") ? heads : 8), config.rotaryBase(1e6));
        boolean usual = headDim == null || headDim * heads == config.positive("hidden_size");
        TopKRouter.Spec router = new TopKRouter.Spec(config.positive("num_local_experts"), config.positive("num_experts_per_tok"), 1, Balance.ALL_CHOICES,
            Decoder.balanceWeight(config, 0.001), 0);
        return Decoder.spec(config, usual ? attention : attention.withHeadDim(headDim), router, 131_072);
    }

    @Override
    public ObjectNode config(Transformer.Spec spec) {
        MixtureOfExperts.Spec mixture = Decoder.mixture(modelType(), spec);
        TopKRouter.Spec router = (TopKRouter.Spec) mixture.router();
        CausalSelfAttention.Spec attention = spec.attention();
        Decoder.require(modelType(), router.norm() == 1, "gates that sum to 1");
        Decoder.require(modelType(), attention.norm() == QueryKeyNorm.NONE && attention.clip() == null, "queries and keys that are neither normalised nor clipped");
        ObjectNode fields = Decoder.fields(spec, router, (MlpExperts.Spec) mixture.experts(), "MixtralForCausalLM");
        fields.put("model_type", modelType()).put("num_local_experts", router.experts()).put("output_router_logits", false).put("router_jitter_noise", 0.0)
            .putNull("sliding_window");
        int headDim = attention.headDim(spec.dim());
        return headDim * attention.heads() == spec.dim() ? fields : fields.put("head_dim", headDim);
    }
}
