package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** y = log sum exp(x) along the last axis, which stays with extent 1. */
public record LogSumExp(Variable x) implements Op {
    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape().withColumns(1));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.logSumExp(x.data(), x.shape().rows(), x.shape().columns(), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        int[] dims = {x.shape().rows(), x.shape().columns()};
        Storage probabilities = call.scratch(x.shape().size());
        on.softmax(x.data(), dims[0], dims[1], probabilities);
        Strided dy = new Strided(call.dy(), 0, new long[] {1, 0});
        // The gradient of a product by its first factor is what is wanted here: dx += softmax(x) dy[r]; the factor itself is not read.
        on.binaryGrad(Binary.MULTIPLY, dims, new Strided(x.data(), 0, new long[] {dims[1], 1}), dy, probabilities, x.dData(), null);
    }
}
