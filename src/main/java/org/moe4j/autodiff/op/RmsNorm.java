package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/**
 * y = x / sqrt(mean(x²) + eps) gain along the last axis (Zhang and Sennrich 2019, equation 4). The gain is (columns) or null.
 * The second output is each row's 1/sqrt(mean(x²) + eps).
 */
public record RmsNorm(Variable x, Variable gain, double eps) implements Op {
    public RmsNorm {
        if (gain != null) {
            Check.equal("rmsNorm", "the gain for " + x.shape(), gain, Shape.of(x.shape().columns()));
        }
    }

    @Override
    public List<Variable> inputs() {
        return gain == null ? List.of(x) : List.of(x, gain);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape(), Shape.of(x.shape().rows()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.rmsNorm(x.data(), gain == null ? null : gain.data(), eps, x.shape().rows(), x.shape().columns(), call.y(), call.y(1));
    }

    @Override
    public void backward(Backend on, Call call) {
        on.rmsNormGrad(x.data(), gain == null ? null : gain.data(), call.y(1), call.dy(),
                x.shape().rows(), x.shape().columns(), Check.gradient(x), Check.gradient(gain));
    }
}
