package org.moe4j.model;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.Routing;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;

/** Predicts the next token at every place of a batch of sequences. */
public abstract class LanguageModel extends Module {
    public abstract ModelSpec spec();

    /** @param tokens (B·T), batch-major as {@code pass} says */
    public abstract Output forward(Tape t, int[] tokens, Pass pass);

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
