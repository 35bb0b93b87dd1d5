package org.moe4j.model;

import java.util.Arrays;
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
     * What the output layer makes logits of, x weightᵀ + bias, once they or their loss are asked for.
     *
     * @param x (T,D), or (rows,D) of a model that doesn't predict at every place
     * @param weight (V,D)
     * @param bias (V), or null
     */
    public record Head(Variable x, Variable weight, Variable bias) {}

    /**
     * @param rows which rows of the batch the head predicts for; null for all, in order
     * @param losses the balance losses of all layers
     * @param routings one for each mixture layer, from the first block to the last
     */
    public record Output(Head head, int[] rows, List<AuxiliaryLoss> losses, List<Routing> routings) {
        /** Of a model that predicts at every place. */
        public Output(Head head, List<AuxiliaryLoss> losses, List<Routing> routings) {
            this(head, null, losses, routings);
        }

        /** (T,V) or (rows,V), worked out by each call. */
        public Variable logits(Tape t) {
            return t.linear(head.x, head.weight, head.bias);
        }

        /**
         * Mean cross-entropy in nats over the targets that count; all logits at once are not needed for it.
         *
         * @param targets of the whole batch
         */
        public Variable crossEntropy(Tape t, int[] targets) {
            return t.linearCrossEntropy(head.x, head.weight, head.bias, predicted(targets));
        }

        /** How many targets of a batch count: those that logits are for and that aren't negative. */
        public long counted(int[] targets) {
            return Arrays.stream(predicted(targets)).filter(target -> target >= 0).count();
        }

        private int[] predicted(int[] targets) {
            return rows == null ? targets : Arrays.stream(rows).map(row -> targets[row]).toArray();
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
