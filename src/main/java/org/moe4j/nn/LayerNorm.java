package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** y = (x - mean) / sqrt(var + eps) · weight + bias along the last axis, with the biased variance (Ba et al. 2016). */
public final class LayerNorm extends Norm {
    private final Parameter weight;                                               // (D)
    private final Parameter bias;                                                 // (D)
    private final double eps;

    public LayerNorm(int dim, double eps, Init init) {
        this.weight = own(init.ones("weight", Shape.of(dim)));
        this.bias = own(init.zeros("bias", Shape.of(dim)));
        this.eps = eps;
    }

    @Override
    public Variable forward(Tape t, Variable x) {
        return t.layerNorm(x, weight, bias, eps);
    }
}
