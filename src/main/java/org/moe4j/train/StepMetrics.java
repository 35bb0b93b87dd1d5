package org.moe4j.train;

import java.util.List;
import java.util.Map;
import org.moe4j.experts.RoutingStatistics;

/**
 * What a training step did.
 *
 * @param progress where the run is after it
 * @param loss cross-entropy of the batch in nats per token, before the step
 * @param auxiliary the balance losses by name, each the mean over the layers that have it, before weighting
 * @param gradientNorm of all gradients, before clipping; NaN where the loss was not finite
 * @param learningRate the schedule's
 * @param tokensPerSecond of this step
 * @param skipped whether loss or gradient were not finite, and nothing was changed
 * @param loads who went where in each mixture layer, in the steps that log; else empty
 * @param evaluation in the steps that evaluate; else null
 */
public record StepMetrics(Progress progress, double loss, Map<String, Double> auxiliary, double gradientNorm, double learningRate,
                          double tokensPerSecond, boolean skipped, List<RoutingStatistics> loads, Evaluation evaluation) {
    /** The number of this step, from 1. */
    public long step() {
        return progress.step();
    }
}
