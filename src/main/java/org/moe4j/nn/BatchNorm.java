package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/**
 * y = (x - mean) / sqrt(var + eps) · weight + bias by channel over the batch (Ioffe and Szegedy 2015, algorithm 1). In training with the
 * statistics of the batch, its variance biased; else with running ones, which take over a fraction {@code momentum} of each training
 * batch's mean and unbiased variance.
 */
public final class BatchNorm extends Module {
    private final Parameter weight;                                               // (C)
    private final Parameter bias;                                                 // (C)
    private final Parameter runningMean;                                          // (C)
    private final Parameter runningVariance;                                      // (C)
    private final double eps;
    private final double momentum;

    public BatchNorm(int channels, double eps, double momentum, Init init) {
        Shape shape = Shape.of(channels);
        this.weight = own(init.ones("weight", shape));
        this.bias = own(init.zeros("bias", shape));
        this.runningMean = own(init.buffer("runningMean", shape, 0));
        this.runningVariance = own(init.buffer("runningVariance", shape, 1));
        this.eps = eps;
        this.momentum = momentum;
    }

    public Parameter runningMean() {
        return runningMean;
    }

    public Parameter runningVariance() {
        return runningVariance;
    }

    /** @param x (N,C) or (N,C,L), with more than one value of each channel in training */
    public Variable forward(Tape t, Variable x, boolean training) {
        int[] overBatch = x.shape().rank() == 2 ? new int[] {0} : new int[] {0, 2};
        Variable mean = training ? t.meanKept(x, overBatch) : byChannel(t, runningMean, x);
        Variable centred = t.subtract(x, mean);
        Variable variance = training ? t.meanKept(t.square(centred), overBatch) : byChannel(t, runningVariance, x);
        if (training) {
            keep(t.backend(), mean, variance, x.shape().size() / runningMean.shape().size());
        }
        Variable scale = t.multiply(t.rsqrt(t.addScalar(variance, eps)), byChannel(t, weight, x));
        return t.add(t.multiply(centred, scale), byChannel(t, bias, x));
    }

    private void keep(Backend on, Variable mean, Variable variance, long n) {
        if (n < 2) {
            throw new IllegalArgumentException("batchNorm: training wants more than one value of each channel");
        }
        on.scale(1 - momentum, runningMean.data());
        on.axpy(momentum, mean.data(), runningMean.data());
        on.scale(1 - momentum, runningVariance.data());
        on.axpy(momentum * n / (n - 1), variance.data(), runningVariance.data());
    }

    /** (C) as (C), or (C,1) against (N,C,L). */
    private static Variable byChannel(Tape t, Variable perChannel, Variable x) {
        return x.shape().rank() == 2 ? perChannel : t.reshape(perChannel, -1, 1);
    }
}
