package org.moe4j.model;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.Routing;
import org.moe4j.nn.Embedding;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RmsNorm;
import org.moe4j.tensor.Shape;

/** A decoder-only transformer language model as its {@link ModelSpec} describes it. */
public final class LanguageModel extends Module {
    static final double NORM_EPS = 1e-5;
    /** The deviation of GPT-2's embedding (Radford et al. 2019), which keeps the first logits near zero. */
    private static final double EMBEDDING_DEVIATION = 0.02;

    private final ModelSpec spec;
    private final Embedding embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final Parameter head;

    public LanguageModel(ModelSpec spec, Init init) {
        this.spec = spec;
        embedding = part(new Embedding(spec.vocabulary(), spec.dim(), EMBEDDING_DEVIATION, init.at("embedding")));
        for (int i = 0; i < spec.layers(); i++) {
            blocks.add(part(new Block(spec, spec.blocks().get(i), init.at("blocks").at(i))));
        }
        norm = part(new RmsNorm(spec.dim(), NORM_EPS, init.at("norm")));
        head = spec.tied() ? embedding.weight()
            : own(init.at("head").normal("weight", Shape.of(spec.vocabulary(), spec.dim()), EMBEDDING_DEVIATION));
    }

    public ModelSpec spec() {
        return spec;
    }

    /** @param tokens (B·T), batch-major as {@code pass} says */
    public Output forward(Tape t, int[] tokens, Pass pass) {
        List<AuxiliaryLoss> losses = new ArrayList<>();
        List<Routing> routings = new ArrayList<>();
        Variable x = embedding.forward(t, tokens);                                // (T, D)
        for (Block block : blocks) {
            Block.Result result = block.forward(t, x, pass);
            x = result.y();
            losses.addAll(result.losses());
            if (result.routing() != null) {
                routings.add(result.routing());
            }
        }
        Variable logits = t.linear(norm.forward(t, x), head, null);               // (T, V)
        return new Output(logits, losses, routings);
    }

    /**
     * @param logits (T,V)
     * @param losses the balance losses of all layers
     * @param routings one for each mixture layer, from the first block to the last
     */
    public record Output(Variable logits, List<AuxiliaryLoss> losses, List<Routing> routings) {
        /** Mean cross-entropy in nats over the targets that aren't negative. */
        public Variable crossEntropy(Tape t, int[] targets) {
            return t.crossEntropy(logits, targets, 0);
        }

        /** {@code crossEntropy} plus the weighted balance losses: what is minimised. */
        public Variable total(Tape t, Variable crossEntropy) {
            Variable total = crossEntropy;
            for (AuxiliaryLoss loss : losses) {
                total = t.add(total, t.scale(loss.value(), loss.weight()));
            }
            return total;
        }
    }
}
