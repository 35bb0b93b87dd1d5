package org.moe4j.sweep;

/**
 * One point of a training curve.
 *
 * @param step           optimizer steps taken so far
 * @param tokens         training tokens seen so far
 * @param flops          training FLOPs spent so far, router and retrieval included
 * @param trainingLoss   nats per token; NaN where it was not kept
 * @param validationLoss nats per token; NaN where it was not measured
 */
public record CurvePoint(long step, long tokens, double flops, double trainingLoss, double validationLoss) {}
