package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** The parts one after the other along an axis; the other extents are equal. */
public record Concat(List<Variable> parts, int axis) implements Op {
    public Concat {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("concat: there is nothing to put together");
        }
        parts = List.copyOf(parts);
        Shape first = parts.getFirst().shape();
        axis = Check.axis("concat", first, axis);
        for (Variable part : parts) {
            Check.rank("concat", "a part", part, first.rank());
            int[] dims = first.dims();
            dims[axis] = part.shape().dim(axis);
            Check.equal("concat", "a part", part, Shape.of(dims));
        }
    }

    @Override
    public List<Variable> inputs() {
        return parts;
    }

    @Override
    public List<Shape> outputs() {
        return List.of(shape());
    }

    @Override
    public void forward(Backend on, Call call) {
        int at = 0;
        for (Variable part : parts) {
            on.move(part.shape().dims(), Strided.of(part.value()), place(call.y(), at), false);
            at += part.shape().dim(axis);
        }
    }

    @Override
    public void backward(Backend on, Call call) {
        int at = 0;
        for (Variable part : parts) {
            if (part.wantsGrad()) {
                on.move(part.shape().dims(), place(call.dy(), at), Strided.of(part.grad()), true);
            }
            at += part.shape().dim(axis);
        }
    }

    private Shape shape() {
        int[] dims = parts.getFirst().shape().dims();
        dims[axis] = parts.stream().mapToInt(part -> part.shape().dim(axis)).sum();
        return Shape.of(dims);
    }

    private Strided place(Storage whole, int at) {
        long[] strides = shape().strides();
        return new Strided(whole, at * strides[axis], strides);
    }
}
