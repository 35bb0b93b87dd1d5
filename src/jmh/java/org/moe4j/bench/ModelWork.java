package org.moe4j.bench;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;
import org.moe4j.train.AdamW;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;

/**
 * One training step (forward, backward, AdamW) of a decoder language model: layer normalisation, biases in every linear layer, GELU, a head of its
 * own. Rotary positions, where the PyTorch program has learned ones, which are a little cheaper.
 */
final class ModelWork implements Work {
    private static final double NORM_EPS = 1e-5;
    private static final double LEARNING_RATE = 3e-4;

    private final Backend on;
    private final LanguageModel model;
    private final int batch;
    private final int[] tokens;
    private final int[] targets;
    private final Optimizer optimizer;
    private final Arena arena;
    private final Storage loss; // what is left of a step
    private double flops;
    private long step;

    private ModelWork(Size size, Backend on, List<Repeat> blocks) {
        this.on = on;
        batch = size.number("batch");
        int vocabulary = size.number("vocabulary");
        int sequence = size.number("sequence");
        CausalSelfAttention.Spec attention = CausalSelfAttention.Spec.rotary(size.number("heads"), size.number("heads"), 10_000)
            .withBiases(CausalSelfAttention.Biases.ALL);
        model = new Transformer.Spec(vocabulary, size.number("dim"), sequence, attention, Norm.Kind.LAYER, NORM_EPS, false, false, 1, 1, blocks)
            .build(new Init(on, 1));
        CounterRandom random = CounterRandom.of(1, "tokens");
        tokens = new int[batch * sequence];
        targets = new int[batch * sequence];
        Arrays.setAll(tokens, i -> random.below(i, vocabulary));
        Arrays.setAll(targets, i -> random.below(tokens.length + i, vocabulary));
        optimizer = new AdamW.Spec(0.9, 0.999, 0.01).build(on, model.parameters());
        arena = new Arena(on);
        loss = on.allocate(1);
    }

    static ModelWork dense(Size size, Backend on) {
        return new ModelWork(size, on, Repeat.everyBlock(size.number("layers"), feedForward(size)));
    }

    /** A PEER layer in the middle block. */
    static ModelWork peer(Size size, Backend on) {
        FeedForwardSpec special = LayerWork.peerLayer(size.number("experts"), size.number("peer-heads"), size.number("topk"), size.number("dim"), LayerWork.table(size));
        return new ModelWork(size, on, Repeat.middleBlock(size.number("layers"), special, feedForward(size)));
    }

    /** Mixtures of G times as many experts, each 1/G as wide, G for a token, in every block. */
    static ModelWork mixture(Size size, Backend on) {
        int granularity = size.number("granularity");
        return new ModelWork(size, on, Repeat.everyBlock(size.number("layers"),
            LayerWork.mixtureLayer(granularity * size.number("expansion"), granularity, hidden(size) / granularity)));
    }

    private static FeedForwardSpec feedForward(Size size) {
        return new DenseFeedForward.Spec(hidden(size), Activation.GELU, true);
    }

    private static int hidden(Size size) {
        return 4 * size.number("dim");
    }

    @Override
    public Object run() {
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(batch, tokens.length / batch, 1, step++));
            Variable crossEntropy = output.crossEntropy(t, targets);
            flops = t.cost().trainingFlops();
            t.backward(output.total(t, crossEntropy));
            on.copy(crossEntropy.data(), loss);
        }
        optimizer.step(LEARNING_RATE);
        Gradients.clear(on, model.parameters());
        return loss;
    }

    @Override
    public Demand demand() {
        return Demand.flops(flops);
    }
}
