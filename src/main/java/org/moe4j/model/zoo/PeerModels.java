package org.moe4j.model.zoo;

import java.util.List;

import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.ValueExperts;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;

/**
 * Layers that retrieve by product keys: PEER's million neurons with the baselines of its paper, product-key memories, and Memory+, whose
 * layers share one memory.
 */
final class PeerModels {
    private static final String PEER = "He 2024, Mixture of A Million Experts";
    private static final String PKM = "Lample et al. 2019, Large Memory Layers with Product Keys";
    private static final String MEMORY = "Berges et al. 2024, Memory Layers at Scale; pkplus_373m_1024k.yaml of its code";
    private static final int MILLION = 1024 * 1024;
    private static final int HEAD = 64;

    private static final String NOTE = "Experts, heads and their choices, query BatchNorm and the middle block are the paper's. The width of a query "
        + "(128 here), the learning rate and the models' sizes were not found: 12 blocks, this width, GELU and 32,000 tokens are ours.";

    private PeerModels() {}

    static List<Architecture> all() {
        return List.of(
            new Architecture("peer-1m", PEER, middle(256, peer(1024, Activation.GELU)), List.of(), NOTE),
            new Architecture("peer-1m-d768", PEER, middle(768, peer(1024, Activation.GELU)), List.of(), NOTE),
            new Architecture("peer-262k", PEER + ", table 2", middle(256, peer(512, Activation.GELU)), List.of(), NOTE),
            new Architecture("peer-65k", PEER + ", table 2", middle(256, peer(256, Activation.GELU)), List.of(), NOTE),
            new Architecture("peer-16k", PEER + ", table 2", middle(256, peer(128, Activation.GELU)), List.of(), NOTE),
            new Architecture("peer-1m-gated", "ours, after " + PEER, middle(256, peer(1024, Activation.GEGLU)), List.of(),
                "Not in the paper: neurons with two input vectors, and so half as many parameters again. " + NOTE),
            new Architecture("peer-moe", PEER + ", its mixture", middle(256, expertChoice(256)), List.of(),
                "128 experts of the dense size in the middle block, expert choice; the capacity factor 1 is ours. " + NOTE),
            new Architecture("peer-dense", PEER + ", its backbone", middle(256, dense(256)), List.of(), NOTE),
            new Architecture("pkm", PEER + ", its product-key memory", middle(256, memory(MILLION, 8, 32, 128)), List.of(), NOTE),
            new Architecture("pkm-262k", PKM, new Transformer.Spec(60_000, 1024, 512, CausalSelfAttention.Spec.rotary(16, 16, 10_000), true,
                Repeat.middleBlock(12, memory(512 * 512, 4, 32, 256), dense(1024))), List.of(),
                "The memory is the defaults of the authors' code; 12 blocks of 1024 and 60,000 tokens are recalled, not checked; "
                    + "rotary positions stand for learned ones."),
            new Architecture("memory-plus", MEMORY, memoryPlus(true), List.of(),
                "Blocks 4, 12 and 20 of 24 read one memory. The code's two projections of a memory have a bias, the paper's formula has none, nor has this. "
                    + "The tokenizer is left open there: 32,000 tokens make the dense twin the 373M of its name."),
            new Architecture("memory-plus-dense", "dense_373m.yaml of the same code", memoryPlus(false),
                List.of(Published.of(Published.Quantity.PARAMETERS, "373M", Mark.CODE).except("cut to whole millions; 32,000 tokens are inferred from it")), ""));
    }

    /** Twelve blocks, one special in the middle. */
    private static Transformer.Spec middle(int dim, FeedForwardSpec special) {
        return new Transformer.Spec(32_000, dim, 2048, CausalSelfAttention.Spec.rotary(dim / HEAD, dim / HEAD, 10_000), true,
            Repeat.middleBlock(12, special, dense(dim)));
    }

    private static FeedForwardSpec dense(int dim) {
        return new DenseFeedForward.Spec(4 * dim, Activation.GELU, false);
    }

    /** Eight heads of 16 experts. */
    private static FeedForwardSpec peer(int side, Activation activation) {
        return new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(side * side, 8, 16, 128), new SingleNeuronExperts.Spec(activation));
    }

    private static FeedForwardSpec expertChoice(int dim) {
        return new MixtureOfExperts.Spec(new ExpertChoiceRouter.Spec(128, 1, ExpertChoiceRouter.Grouping.POSITION, 256),
            new MlpExperts.Spec(4 * dim, Activation.GELU, false));
    }

    private static FeedForwardSpec memory(int values, int heads, int topK, int keyDim) {
        return new MixtureOfExperts.Spec(ProductKeyRouter.Spec.memory(values, heads, topK, keyDim), new ValueExperts.Spec());
    }

    private static Transformer.Spec memoryPlus(boolean withMemory) {
        FeedForwardSpec dense = new DenseFeedForward.Spec(2816, Activation.SWIGLU, false);
        FeedForwardSpec memory = new MemoryPlusFeedForward.Spec(
            new ProductKeyRouter.Spec(MILLION, 4, 32, 512, false, ProductKeyRouter.Norm.NONE, ProductKeyRouter.Scores.SOFTMAX, true), "memory");
        FeedForwardSpec special = withMemory ? memory : dense;
        return new Transformer.Spec(32_000, 1024, 4096, CausalSelfAttention.Spec.rotary(16, 16, 5e5), false, List.of(
            new Repeat(4, List.of(dense)), new Repeat(1, List.of(special)), new Repeat(7, List.of(dense)), new Repeat(1, List.of(special)),
            new Repeat(7, List.of(dense)), new Repeat(1, List.of(special)), new Repeat(3, List.of(dense))));
    }
}
