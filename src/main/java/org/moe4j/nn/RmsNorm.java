package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** y = x / sqrt(mean(x²) + eps) · weight along the last axis (Zhang and Sennrich 2019, equation 4), as Llama and Mixtral use it. */
public final class RmsNorm extends Norm {
    private final Parameter weight;                                               // (D)
    private final double eps;

    public RmsNorm(int dim, double eps, Init init) {
        weight = own(init.ones("weight", Shape.of(dim)));
        this.eps = eps;
    }

    @Override
    public Variable forward(Tape t, Variable x) {
        return t.rmsNorm(x, weight, eps);
    }
}
