package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** The axes in another order: axis i of the result is axis {@code axes[i]} of x. */
public record Permute(Variable x, int... axes) implements Op {
    public Permute {
        Check.length("permute", "the order of " + x.shape(), axes.length, x.shape().rank());
        boolean[] seen = new boolean[axes.length];
        for (int axis : axes) {
            int a = Check.axis("permute", x.shape(), axis);
            if (seen[a]) {
                throw new IllegalArgumentException("permute: axis " + a + " stands twice in the order of " + x.shape());
            }
            seen[a] = true;
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
        on.move(shape().dims(), permuted(x.data()), rowMajor(call.y()), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        boolean add = x.addsToGrad();
        on.move(shape().dims(), rowMajor(call.dy()), permuted(x.dData()), add);
    }

    private Shape shape() {
        int[] dims = new int[axes.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = x.shape().dim(axes[i]);
        }
        return Shape.of(dims);
    }

    private Strided rowMajor(Storage data) {
        return new Strided(data, 0, shape().strides());
    }

    private Strided permuted(Storage data) {
        long[] own = x.shape().strides();
        long[] strides = new long[axes.length];
        for (int i = 0; i < strides.length; i++) {
            strides[i] = own[Check.axis("permute", x.shape(), axes[i])];
        }
        return new Strided(data, 0, strides);
    }
}
