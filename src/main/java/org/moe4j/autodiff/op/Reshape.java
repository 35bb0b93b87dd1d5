package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/** The same values, in the same memory, under another shape of equal size. */
public record Reshape(Variable x, Shape shape) implements Op {
    public Reshape {
        if (x.shape().size() != shape.size()) {
            throw new IllegalArgumentException("reshape: " + x.shape() + " has " + x.shape().size() + " values, " + shape + " has " + shape.size());
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
    public Storage part(Storage input) {
        return input;
    }

    @Override
    public void forward(Backend on, Call call) {
        throw new AssertionError("a view has nothing to compute");
    }

    @Override
    public void backward(Backend on, Call call) {
        throw new AssertionError("a view has nothing to compute");
    }
}
