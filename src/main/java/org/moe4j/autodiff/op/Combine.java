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

/** y = f(a, b), value by value; shapes broadcast as in NumPy. */
public record Combine(Binary f, Variable a, Variable b) implements Op {
    public Combine {
        Shape.broadcast(a.shape(), b.shape());
    }

    @Override
    public List<Variable> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(shape());
    }

    @Override
    public void forward(Backend on, Call call) {
        on.binary(f, shape().dims(), stretched(a), stretched(b), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        if (f == Binary.ADD && a.shape().equals(b.shape())) { // a residual: where nothing has come yet, the gradient is that of the sum
            addOrCopy(on, call.dy(), a);
            addOrCopy(on, call.dy(), b);
            return;
        }
        on.binaryGrad(f, shape().dims(), stretched(a), stretched(b), call.dy(), Check.gradient(a), Check.gradient(b));
    }

    private static void addOrCopy(Backend on, Storage dy, Variable x) {
        if (!x.wantsGrad()) {
            return;
        }
        if (x.addsToGrad()) {
            on.axpy(1, dy, x.dData());
        } else {
            on.copy(dy, x.dData());
        }
    }

    private Shape shape() {
        return Shape.broadcast(a.shape(), b.shape());
    }

    private Strided stretched(Variable x) {
        return Strided.broadcast(x.value(), shape());
    }
}
