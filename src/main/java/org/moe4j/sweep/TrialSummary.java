package org.moe4j.sweep;

import java.util.List;

/**
 * What analysis and report need to know of one finished trial, and nothing of how it was run.
 *
 * @param label            names the arm: the same for all seeds of one architecture, e.g. {@code "MoE G=4"}
 * @param architecture     the family that an arm belongs to, e.g. {@code "dense"}, {@code "MoE"}, {@code "PKM"}, {@code "PEER"}
 * @param granularity      G = d_ff / d_expert; 0 where the architecture has none
 * @param experts          experts a layer; 0 for dense
 * @param activeParameters parameters that one token uses
 * @param totalParameters  all trained parameters
 * @param tokens           training tokens seen
 * @param flops            training FLOPs spent, router and retrieval included
 * @param seed             trials of different arms with the same seed saw the same data in the same order
 * @param validationLoss   nats per token, at the end
 * @param bitsPerByte      the same loss per byte of text, free of the tokenizer
 * @param tokensPerSecond  training speed
 * @param expertUsage      share of experts that got any token in validation, 0 to 1; NaN where there are none
 * @param loadImbalance    largest over mean load; 1 is uniform; NaN where there are no experts
 * @param loadPerExpert    tokens (or any measure of load) by expert; may be empty
 * @param curve            the training curve, in the order of steps; may be empty
 */
public record TrialSummary(String label, String architecture, int granularity, int experts,
                           long activeParameters, long totalParameters, long tokens, double flops, long seed,
                           double validationLoss, double bitsPerByte, double tokensPerSecond,
                           double expertUsage, double loadImbalance, double[] loadPerExpert, List<CurvePoint> curve) {
    public TrialSummary {
        loadPerExpert = loadPerExpert.clone();
        curve = List.copyOf(curve);
    }

    @Override
    public double[] loadPerExpert() {
        return loadPerExpert.clone();
    }
}
