package org.moe4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.CounterRandom;

/** Models and texts small enough to train within a test. */
final class Tiny {
    static final int VOCABULARY = 24;
    static final int TIME = 8;

    private Tiny() {}

    static FeedForwardSpec dense() {
        return new DenseFeedForward.Spec(24, Activation.GELU, false);
    }

    /** With noise and two balance losses. */
    static FeedForwardSpec noisy() {
        return new MixtureOfExperts.Spec(new NoisyTopKRouter.Spec(4, 2), new MlpExperts.Spec(8, Activation.RELU, false));
    }

    /** With row-sparse tables and BatchNorm buffers. */
    static FeedForwardSpec peer(int experts) {
        return new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(experts, 2, 4, 8), new SingleNeuronExperts.Spec(Activation.GELU));
    }

    /** The same in bfloat16. */
    static FeedForwardSpec peerOfHalves() {
        return new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(16, 2, 4, 8), new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16));
    }

    /** With row-sparse tables, and nothing that makes a token depend on others in its batch. */
    static FeedForwardSpec peerWithoutNorm() {
        ProductKeyRouter.Spec router = new ProductKeyRouter.Spec(16, 2, 4, 8, true, ProductKeyRouter.Norm.NONE, ProductKeyRouter.Scores.SOFTMAX, false);
        return new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec(Activation.GELU));
    }

    /** Whose layers read one table of values. */
    static FeedForwardSpec memory() {
        return new MemoryPlusFeedForward.Spec(ProductKeyRouter.Spec.memory(16, 2, 4, 8), "memory");
    }

    static ModelSpec spec(int dim, FeedForwardSpec... blocks) {
        return new Transformer.Spec(VOCABULARY, dim, TIME, CausalSelfAttention.Spec.rotary(2, 1, 10_000), false, Repeat.each(List.of(blocks)));
    }

    static LanguageModel model(Backend on, FeedForwardSpec... blocks) {
        return spec(12, blocks).build(new Init(on, 7));
    }

    /** Sequences that count upwards from anywhere, with a wrong token here and there. */
    static LongFunction<Batch> counting(int batch) {
        return step -> {
            CounterRandom random = CounterRandom.of(5, "counting").at(step);
            int[] text = new int[batch * (TIME + 1)];
            for (int i = 0; i < text.length; i++) {
                boolean wrong = i % (TIME + 1) == 0 || random.uniform(i) < 0.1;
                text[i] = wrong ? random.below(i + text.length, VOCABULARY) : (text[i - 1] + 1) % VOCABULARY;
            }
            int[] tokens = new int[batch * TIME];
            int[] targets = new int[batch * TIME];
            Arrays.setAll(tokens, i -> text[i / TIME * (TIME + 1) + i % TIME]);
            Arrays.setAll(targets, i -> text[i / TIME * (TIME + 1) + i % TIME + 1]);
            return new Batch(batch, TIME, tokens, targets, new int[batch]);
        };
    }

    /** Three batches that are never trained on; a token stands for two bytes. */
    static Validation validation() {
        List<Batch> batches = List.of(counting(4).apply(-1), counting(4).apply(-2), counting(2).apply(-3));
        return new Validation(batches, 10 * TIME, 2 * 10 * TIME);
    }

    static TrainingSpec training(long steps) {
        return new TrainingSpec(4, steps, 0.02, new Schedule.Cosine(2, 0.1), new AdamW.Spec(0.9, 0.95, 0.1), 1.0, null, 1, 0, 80, 0, 0, 3, List.of());
    }
}
