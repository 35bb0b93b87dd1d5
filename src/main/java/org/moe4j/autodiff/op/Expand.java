package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** x stretched to a shape that it broadcasts to; the gradient sums over what was stretched. */
public record Expand(Variable x, Shape shape) implements Op {
    public Expand {
        if (!Shape.broadcast(x.shape(), shape).equals(shape)) {
            throw new IllegalArgumentException("expand: " + x.shape() + " does not stretch to " + shape);
        }
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(shape);
    }

    @Override
    public void forward(Backend on, Call call) {
        on.move(shape.dims(), stretched(x.data()), new Strided(call.y(), 0, shape.strides()), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        on.move(shape.dims(), new Strided(call.dy(), 0, shape.strides()), stretched(x.dData()), true);
    }

    private Strided stretched(Storage data) {
        return new Strided(data, 0, x.shape().stridesWhenBroadcastTo(shape));
    }
}
