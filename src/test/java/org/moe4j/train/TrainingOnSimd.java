package org.moe4j.train;

import java.util.List;

import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.CounterRandom;

/** A small language model with a mixture of experts in its first block PEER in its second, and in its third with tables of bfloat16, large enough that its kernels are shared out. */
final class TrainingOnSimd {
    static final int BATCH = 8;
    static final int TIME = 64;
    static final ModelSpec SPEC = new Transformer.Spec(300, 64, TIME, CausalSelfAttention.Spec.rotary(4, 2, 10_000), true, Repeat.each(List.of(
        new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 2), new MlpExperts.Spec(64, Activation.GELU, false), List.of(), true),
        new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(1024, 4, 8, 32), new SingleNeuronExperts.Spec(Activation.GELU), List.of(), true),
        new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(1024, 4, 8, 32), new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16), List.of(), true))));

    private TrainingOnSimd() {}

    static LanguageModel model(Backend on) {
        return SPEC.build(new Init(on, 5));
    }

    static Trainer trainer(Backend on, LanguageModel model, long steps) {
        return new Trainer(on, model, TrainingSpec.of(BATCH, steps, 1e-2), TrainingOnSimd::batch, null);
    }

    private static Batch batch(long step) {
        CounterRandom random = CounterRandom.of(step, "batch");
        int[] tokens = new int[BATCH * TIME];
        int[] targets = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = random.below(i, SPEC.vocabulary());
            targets[i] = tokens[i] * 7 % SPEC.vocabulary();
        }
        return new Batch(BATCH, TIME, tokens, targets, new int[BATCH]);
    }
}
