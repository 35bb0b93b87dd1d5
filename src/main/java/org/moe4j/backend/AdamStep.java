package org.moe4j.backend;

import org.moe4j.tensor.StochasticRounding;

/**
 * The scalars of one Adam step, bias corrections worked out:
 * <pre>
 *   g += l2 p;  p *= keep;  m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g²;
 *   p -= rate m / (sqrt(v) vScale + eps)
 * </pre>
 * Torch's Adam has rate = lr/(1-beta1^t) and vScale = 1/sqrt(1-beta2^t); its SparseAdam, which adds eps to the uncorrected
 * root, has rate = lr sqrt(1-beta2^t)/(1-beta1^t) and vScale = 1. Decoupled weight decay (AdamW) is keep = 1 - lr decay.
 *
 * <p>Tables of bfloat16 keep p and v rounded at random: a step changes them by less than half a last place as a rule (v by 1-beta2 = 0.001 of
 * itself, half a place being 0.002 to 0.004), which rounding to the nearest takes back every time. m moves by 1-beta1 = 0.1 and is rounded to the nearest.
 *
 * @param rounding the noise by place in the table, the upper of p and the lower of v; null rounds these to the nearest too
 */
public record AdamStep(double rate, double beta1, double beta2, double eps, double vScale, double keep, double l2, StochasticRounding rounding) {
    /** For tables of the back end's own values, or to the nearest. */
    public AdamStep(double rate, double beta1, double beta2, double eps, double vScale, double keep, double l2) {
        this(rate, beta1, beta2, eps, vScale, keep, l2, null);
    }

    public AdamStep rounding(StochasticRounding at) {
        return new AdamStep(rate, beta1, beta2, eps, vScale, keep, l2, at);
    }
}
