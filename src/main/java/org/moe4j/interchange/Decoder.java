package org.moe4j.interchange;

import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import org.moe4j.experts.Balance;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Norm;

/**
 * What Llama and the mixtures that follow it have in common: pre-norm blocks of grouped-query attention with rotary positions in
 * half-split pairs (ours are the same: no row is permuted), RMSNorm, and a dropless top-k mixture of SwiGLU experts in every block.
 */
final class Decoder {
    private Decoder() {}

    /**
     * All tensors, from input to output.
     *
     * @param others those of a block that are the architecture's own
     */
    static List<Place> places(Transformer.Spec spec, IntFunction<Stream<Place>> others) {
        Stream<Place> blocks = IntStream.range(0, layers(spec)).boxed().flatMap(block -> Stream.concat(block(block), others.apply(block)));
        Stream<Place> end = Stream.of(Place.of("model.norm.weight", "norm.weight"), Place.of("lm_head.weight", "head.weight")).limit(spec.tied() ? 1 : 2);
        return Stream.of(Stream.of(Place.of("model.embed_tokens.weight", "embedding.weight")), blocks, end).flatMap(places -> places).toList();
    }

    /** The tensors of a block, less the mixture's and the norms of queries and keys. */
    private static Stream<Place> block(int block) {
        String theirs = theirs(block);
        String ours = ours(block);
        return Stream.of(
            Place.of(theirs + "input_layernorm.weight", ours + "attentionNorm.weight"),
            Place.of(theirs + "self_attn.q_proj.weight", ours + "attention.query.weight"),
            Place.of(theirs + "self_attn.k_proj.weight", ours + "attention.key.weight"),
            Place.of(theirs + "self_attn.v_proj.weight", ours + "attention.value.weight"),
            Place.of(theirs + "self_attn.o_proj.weight", ours + "attention.output.weight"),
            Place.of(theirs + "post_attention_layernorm.weight", ours + "feedForwardNorm.weight"));
    }

    static String theirs(int block) {
        return "model.layers." + block + ".";
    }

    static String ours(int block) {
        return "blocks." + block + ".";
    }

    /** The fields that all of these architectures have; there is none for a z-loss, which matters in training alone. */
    static ObjectNode fields(Transformer.Spec spec, TopKRouter.Spec router, MlpExperts.Spec experts, String architecture) {
        CausalSelfAttention.Spec attention = spec.attention();
        ObjectNode fields = JsonNodeFactory.instance.objectNode();
        fields.putArray("architectures").add(architecture);
        fields.put("attention_dropout", 0.0).put("hidden_act", "silu").put("hidden_size", spec.dim()).put("initializer_range", 0.02)
            .put("intermediate_size", experts.hidden()).put("max_position_embeddings", spec.sequence())
            .put("num_attention_heads", attention.heads()).put("num_experts_per_tok", router.topK()).put("num_hidden_layers", layers(spec))
            .put("num_key_value_heads", attention.keyHeads()).put("rms_norm_eps", spec.normEps()).put("rope_theta", attention.rotaryBase())
            .put("router_aux_loss_coef", coefficient(router, layers(spec))).put("tie_word_embeddings", spec.tied()).put("use_cache", true)
            .put("vocab_size", spec.vocabulary());
        return fields;
    }

    /**
     * The spec of a config.
     *
     * @param router with the balance loss of one layer, see {@link #balanceWeight}
     * @param longest the sequence where the config does not say it
     */
    static Transformer.Spec spec(Config config, CausalSelfAttention.Spec attention, TopKRouter.Spec router, int longest) {
        config.require("hidden_act", TextNode.valueOf("silu"));
        if (config.has("quantization_config")) {
            throw new InputException(config.file() + " has a quantization_config: quantised weights are not read, only F32, F16 and BF16");
        }
        config.require("attention_bias", BooleanNode.FALSE);
        FeedForwardSpec mixture = new MixtureOfExperts.Spec(router, new MlpExperts.Spec(config.positive("intermediate_size"), Activation.SWIGLU, false));
        int positions = config.positive("max_position_embeddings", longest);
        return new Transformer.Spec(config.positive("vocab_size"), config.positive("hidden_size"),
            Math.min(positions, config.positive("sliding_window", positions)), attention, Norm.Kind.RMS, config.number("rms_norm_eps", 1e-5), false,
            config.flag("tie_word_embeddings", false), 1, 1, Repeat.everyBlock(config.positive("num_hidden_layers"), mixture));
    }

    /**
     * transformers adds coefficient · E Σ f P with f and P pooled over all layers, we add the weighted loss of each layer: at balance both are
     * equal if a layer's weight is the coefficient over the number of layers.
     */
    static double balanceWeight(Config config, double otherwise) {
        return config.number("router_aux_loss_coef", otherwise) / config.positive("num_hidden_layers");
    }

    private static double coefficient(TopKRouter.Spec router, int layers) {
        return router.balanceWeight() * layers / (router.balance() == Balance.ALL_CHOICES ? 1 : router.topK());
    }

    static int layers(Transformer.Spec spec) {
        return spec.feedForwards().size();
    }

    /** The mixture of every block, once all else in the spec is known to be a Llama's. */
    static MixtureOfExperts.Spec mixture(String modelType, Transformer.Spec spec) {
        require(modelType, spec.norm() == Norm.Kind.RMS && !spec.sandwich(), "RMS norms before each layer");
        require(modelType, spec.embeddingScale() == 1 && spec.logitScale() == 1, "embeddings and logits as they are");
        CausalSelfAttention.Spec attention = spec.attention();
        require(modelType, attention.rotaryBase() != null && attention.relative() == null, "rotary positions");
        require(modelType, attention.biases() == CausalSelfAttention.Biases.NONE && attention.softCap() == null, "attention without biases and soft cap");
        List<FeedForwardSpec> kinds = spec.feedForwards().stream().distinct().toList();
        boolean fits = kinds.size() == 1 && kinds.getFirst() instanceof MixtureOfExperts.Spec mixture && mixture.router() instanceof TopKRouter.Spec
            && mixture.experts() instanceof MlpExperts.Spec experts && experts.activation() == Activation.SWIGLU && !experts.bias()
            && mixture.shared().isEmpty() && !mixture.outputNorm();
        require(modelType, fits, "the same mixture in every block: a top-k router and SwiGLU experts without biases, no shared ones, no norm behind");
        return (MixtureOfExperts.Spec) kinds.getFirst();
    }

    static void require(String modelType, boolean fits, String what) {
        if (!fits) {
            throw new InputException("model_type " + modelType + " means " + what + ", this model has something else");
        }
    }
}
