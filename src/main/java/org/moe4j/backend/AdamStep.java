package org.moe4j.backend;

/**
 * The scalars of one Adam step, bias corrections worked out:
 * <pre>
 *   g += l2 p;  p *= keep;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g²;
 *   p -= rate m / (sqrt(v) vScale + eps)
 * </pre>
 * Torch's Adam has rate = lr/(1-beta1^t) and vScale = 1/sqrt(1-beta2^t); its SparseAdam, which adds eps to the uncorrected
 * root, has rate = lr sqrt(1-beta2^t)/(1-beta1^t) and vScale = 1. Decoupled weight decay (AdamW) is keep = 1 - lr decay.
 */
public record AdamStep(double rate, double beta1, double beta2, double eps, double vScale, double keep, double l2) {}
