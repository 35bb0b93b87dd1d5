package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;

/** What stands in the feed-forward place of a block: dense, or a mixture of experts. */
public abstract class FeedForward extends Module {
    /** @param x (T,D), tokens batch-major as {@link Pass} says */
    public abstract Result forward(Tape t, Variable x, Pass pass);

    /**
     * @param y (T,D)
     * @param losses balance losses to add to the training loss
     * @param routing who went where; null for a dense layer
     */
    public record Result(Variable y, List<AuxiliaryLoss> losses, Routing routing) {}
}
