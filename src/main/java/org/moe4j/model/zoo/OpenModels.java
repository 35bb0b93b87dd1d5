package org.moe4j.model.zoo;

import java.util.List;

import org.moe4j.experts.Balance;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.GatedFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Norm;

/**
 * Decoders with open weights, a dropless top-k mixture in (almost) every block; and, marked as such, the rumour about one whose weights
 * are not.
 */
final class OpenModels {
    private static final int HEAD = 128;

    private OpenModels() {}

    static List<Architecture> all() {
        return List.of(
            new Architecture("mixtral-8x7b", "Jiang et al. 2024, Mixtral of Experts", mixtral(4096, 32, 32, 14336, 32_000, 32_768),
                counts("47B", Mark.PAPER, "13B", Mark.PAPER), "The weight of the balance loss is not in the paper."),
            new Architecture("mixtral-8x22b", "Mistral AI 2024", mixtral(6144, 56, 48, 16384, 32_000, 65_536),
                counts("141B", Mark.SECONDARY, "39B", Mark.SECONDARY), "v0.1 with 32,000 tokens."),
            new Architecture("mixtral-8x22b-v0.3", "Mistral AI 2024", mixtral(6144, 56, 48, 16384, 32_768, 65_536),
                counts("141B", Mark.SECONDARY, "39B", Mark.SECONDARY), "With 32,768 tokens."),
            new Architecture("dbrx", "Databricks 2024", dbrx(), counts("132B", Mark.CODE, "36B", Mark.CODE), ""),
            new Architecture("grok-1", "xAI 2024, the released run.py", grok(), List.of(
                Published.of(Published.Quantity.PARAMETERS, "314B", Mark.CODE)
                    .except("the 0.8B of the embedding seem to be left out, and what is left cut to whole billions"),
                Published.of(Published.Quantity.ACTIVE, "78.5B", Mark.RECALLED).except("\"about 25 %\" of 314B; the dimensions give 26.5 %")),
                "Whether the two gates are divided by their sum is recalled, not checked."),
            new Architecture("olmoe-1b-7b", "Muennighoff et al. 2024, OLMoE", olmoe(), counts("6.9B", Mark.SECONDARY, "1.3B", Mark.SECONDARY), ""),
            new Architecture("deepseek-moe-16b", "Dai et al. 2024, DeepSeekMoE", deepSeek(), counts("16.4B", Mark.SECONDARY, "2.8B", Mark.RECALLED), ""),
            new Architecture("qwen1.5-moe-a2.7b", "Qwen team 2024", qwen(), counts("14.3B", Mark.RECALLED, "2.7B", Mark.SECONDARY), ""),
            new Architecture("gpt-4-rumour", "no source: a leak, reported second hand", rumour(), counts("1.8T", Mark.RUMOUR, "280B", Mark.RUMOUR),
                "A RUMOUR, never a fact: 16 experts of about 110B, two for a token. The width of 10752 and the 120 blocks are ours, chosen so that the rumoured "
                    + "figures multiply out. The other rumour, 8 x 220B = 1.76T, cannot: it is exact only if the experts share nothing, not even attention."));
    }

    private static List<Published> counts(String total, Mark totalMark, String active, Mark activeMark) {
        return List.of(Published.of(Published.Quantity.PARAMETERS, total, totalMark), Published.of(Published.Quantity.ACTIVE, active, activeMark));
    }

    private static Transformer.Spec mixtral(int dim, int layers, int heads, int hidden, int vocabulary, int sequence) {
        FeedForwardSpec layer = mixture(8, 2, 1, 0.02, hidden, Activation.SWIGLU, List.of());
        return new Transformer.Spec(vocabulary, dim, sequence, CausalSelfAttention.Spec.rotary(heads, 8, 1e6), false, Repeat.everyBlock(layers, layer));
    }

    /** Queries, keys and values clipped to 8; layer norms without bias. */
    private static Transformer.Spec dbrx() {
        FeedForwardSpec layer = mixture(16, 4, 1, 0.05, 10752, Activation.SWIGLU, List.of());
        return new Transformer.Spec(100_352, 6144, 32_768, CausalSelfAttention.Spec.rotary(48, 8, 5e5).withClip(8), Norm.Kind.LAYER_GAIN, 1e-5, false, false, 1, 1,
            Repeat.everyBlock(40, layer));
    }

    /** Four norms a block, scores capped at 30, embedding and logits scaled, GELU gates. */
    private static Transformer.Spec grok() {
        FeedForwardSpec layer = mixture(8, 2, 0, 0, 32768, Activation.GEGLU, List.of());
        return new Transformer.Spec(131_072, 6144, 8192, CausalSelfAttention.Spec.rotary(48, 8, 10_000).withSoftCap(30), Norm.Kind.RMS, 1e-5, true, true,
            Math.sqrt(6144), 1 / Math.sqrt(3), Repeat.everyBlock(64, layer));
    }

    /** Queries and keys are normalised. */
    private static Transformer.Spec olmoe() {
        FeedForwardSpec layer = new MixtureOfExperts.Spec(new TopKRouter.Spec(64, 8, 0, Balance.ALL_CHOICES, 0.01, 0.001),
            new MlpExperts.Spec(1024, Activation.SWIGLU, false));
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(16, 16, 10_000).withNorm(CausalSelfAttention.QueryKeyNorm.ALL_HEADS);
        return new Transformer.Spec(50_304, 2048, 4096, attention, false, Repeat.everyBlock(16, layer));
    }

    /** Two shared experts; the first block is dense. */
    private static Transformer.Spec deepSeek() {
        FeedForwardSpec shared = new DenseFeedForward.Spec(1408, Activation.SWIGLU, false);
        FeedForwardSpec layer = mixture(64, 6, 0, 0.001, 1408, Activation.SWIGLU, List.of(shared, shared));
        return new Transformer.Spec(102_400, 2048, 4096, CausalSelfAttention.Spec.rotary(16, 16, 10_000), false,
            List.of(new Repeat(1, List.of(new DenseFeedForward.Spec(10944, Activation.SWIGLU, false))), new Repeat(27, List.of(layer))));
    }

    /** A shared expert with a gate of its own; queries, keys and values have biases. */
    private static Transformer.Spec qwen() {
        FeedForwardSpec shared = new GatedFeedForward.Spec(new DenseFeedForward.Spec(5632, Activation.SWIGLU, false));
        FeedForwardSpec layer = mixture(60, 4, 0, 0.001, 1408, Activation.SWIGLU, List.of(shared));
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(16, 16, 1e6).withBiases(CausalSelfAttention.Biases.QUERY_KEY_VALUE);
        return new Transformer.Spec(151_936, 2048, 8192, attention, false, Repeat.everyBlock(24, layer));
    }

    private static Transformer.Spec rumour() {
        int dim = 10752;
        FeedForwardSpec layer = mixture(16, 2, 1, 0.01, 4 * dim, Activation.GELU, List.of());
        return new Transformer.Spec(100_256, dim, 8192, CausalSelfAttention.Spec.rotary(dim / HEAD, dim / HEAD, 10_000), false, Repeat.everyBlock(120, layer));
    }

    private static FeedForwardSpec mixture(int experts, int topK, double norm, double balance, int hidden, Activation activation, List<FeedForwardSpec> shared) {
        return new MixtureOfExperts.Spec(new TopKRouter.Spec(experts, topK, norm, Balance.MEAN_CHOICE, balance, 0),
            new MlpExperts.Spec(hidden, activation, false), shared, false);
    }
}
