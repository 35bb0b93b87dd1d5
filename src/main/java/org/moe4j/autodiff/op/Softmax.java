package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/** y = exp(x) / sum exp(x) along the last axis. */
public record Softmax(Variable x) implements Op {
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
        on.softmax(x.data(), x.shape().rows(), x.shape().columns(), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        on.softmaxGrad(call.y(), call.dy(), x.shape().rows(), x.shape().columns(), x.dData());
    }
}
