package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** y = (x - mean) / sqrt(var + eps) · weight + bias along the last axis, with the biased variance (Ba et al. 2016). */
public final class LayerNorm extends Norm {
    private final Parameter weight;                                               // (D)
    private final Parameter bias;                                                 // (D), or null
    private final double eps;

    public LayerNorm(int dim, double eps, Init init) {
        this(init.ones("weight", Shape.of(dim)), init.zeros("bias", Shape.of(dim)), eps);
    }

    private LayerNorm(Parameter weight, Parameter bias, double eps) {
        this.weight = own(weight);
        this.bias = bias == null ? null : own(bias);
        this.eps = eps;
    }

    /** Without a bias. */
    public static LayerNorm gainOnly(int dim, double eps, Init init) {
        return new LayerNorm(init.ones("weight", Shape.of(dim)), null, eps);
    }

    @Override
    public Variable forward(Tape t, Variable x) {
        return t.layerNorm(x, weight, bias, eps);
    }
}
