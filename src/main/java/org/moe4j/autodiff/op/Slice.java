package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * {@code count} places along one axis, {@code step} apart from {@code from} on; a negative step runs backwards. Where the
 * places lie together in memory the result shares it.
 */
public record Slice(Variable x, int axis, int from, int count, int step) implements Op {
    public Slice {
        axis = Check.axis("slice", x.shape(), axis);
        int extent = x.shape().dim(axis);
        Check.range("slice", "the number of places along axis " + axis + " of " + x.shape(), count, 0, extent);
        if (count > 0) {
            Check.range("slice", "the first place along axis " + axis + " of " + x.shape(), from, 0, extent - 1);
            Check.range("slice", "the last place along axis " + axis + " of " + x.shape(), from + (long) (count - 1) * step, 0, extent - 1);
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
    public Storage part(Storage input) {
        return together() ? input.slice(count == 0 ? 0 : from * x.shape().strides()[axis], shape().size()) : null;
    }

    @Override
    public void forward(Backend on, Call call) {
        on.move(shape().dims(), strided(x.data()), rowMajor(call.y()), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        on.move(shape().dims(), rowMajor(call.dy()), strided(x.dData()), true);
    }

    private boolean together() {
        for (int i = 0; i < axis; i++) {
            if (x.shape().dim(i) != 1) {
                return false;
            }
        }
        return step == 1;
    }

    private Shape shape() {
        int[] dims = x.shape().dims();
        dims[axis] = count;
        return Shape.of(dims);
    }

    private Strided rowMajor(Storage data) {
        return new Strided(data, 0, shape().strides());
    }

    private Strided strided(Storage data) {
        long[] strides = x.shape().strides();
        long offset = from * strides[axis];
        strides[axis] *= step;
        return new Strided(data, offset, strides);
    }
}
