package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Shape;

/** y = f(x), value by value. */
public record Elementwise(Unary f, Variable x) implements Op {
    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape());
    }

    @Override
    public void forward(Backend on, Call call) {
        on.unary(f, x.data(), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        on.unaryGrad(f, x.data(), call.y(), call.dy(), x.dData());
    }
}
