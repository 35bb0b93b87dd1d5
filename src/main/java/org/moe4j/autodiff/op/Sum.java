package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** The sum over some axes; they stay as extents of 1 in the result, which a reshape takes out. */
public record Sum(Variable x, int... axes) implements Op {
    public Sum {
        for (int axis : axes) {
            Check.axis("sum", x.shape(), axis);
        }
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(shape());
    }

    @Override
    public void forward(Backend on, Call call) {
        on.fill(call.y(), 0);
        on.move(x.shape().dims(), Strided.of(x.value()), stretched(call.y()), true);
    }

    @Override
    public void backward(Backend on, Call call) {
        on.move(x.shape().dims(), stretched(call.dy()), Strided.of(x.grad()), true);
    }

    private Shape shape() {
        int[] dims = x.shape().dims();
        for (int axis : axes) {
            dims[Check.axis("sum", x.shape(), axis)] = 1;
        }
        return Shape.of(dims);
    }

    private Strided stretched(Storage sums) {
        return new Strided(sums, 0, shape().stridesWhenBroadcastTo(x.shape()));
    }
}
