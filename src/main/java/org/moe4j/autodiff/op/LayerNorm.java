package org.moe4j.autodiff.op;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/**
 * y = (x - mean) / sqrt(var + eps) gain + bias along the last axis, with the biased variance (Ba et al. 2016). Gain and bias are
 * (columns) or null. Further outputs: each row's mean and 1/sqrt(var + eps).
 */
public record LayerNorm(Variable x, Variable gain, Variable bias, double eps) implements Op {
    public LayerNorm {
        Shape row = Shape.of(x.shape().columns());
        if (gain != null) {
            Check.equal("layerNorm", "the gain for " + x.shape(), gain, row);
        }
        if (bias != null) {
            Check.equal("layerNorm", "the bias for " + x.shape(), bias, row);
        }
    }

    @Override
    public List<Variable> inputs() {
        return Stream.of(x, gain, bias).filter(Objects::nonNull).toList();
    }

    @Override
    public List<Shape> outputs() {
        Shape rows = Shape.of(x.shape().rows());
        return List.of(x.shape(), rows, rows);
    }

    @Override
    public void forward(Backend on, Call call) {
        on.layerNorm(x.data(), gain == null ? null : gain.data(), bias == null ? null : bias.data(), eps,
                x.shape().rows(), x.shape().columns(), call.y(), call.y(1), call.y(2));
    }

    @Override
    public void backward(Backend on, Call call) {
        on.layerNormGrad(x.data(), gain == null ? null : gain.data(), call.y(1), call.y(2), call.dy(),
                x.shape().rows(), x.shape().columns(), Check.gradient(x), Check.gradient(gain), Check.gradient(bias));
    }
}
