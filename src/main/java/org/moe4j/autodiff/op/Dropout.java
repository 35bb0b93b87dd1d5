package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * Each value is 0 with probability {@code rate}, else x / (1 - rate) (Srivastava et al. 2014, section 10). The second output is the mask
 * that x was multiplied by. The same generator gives the same mask on every back end.
 */
public record Dropout(Variable x, double rate, CounterRandom random) implements Op {
    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout: the rate is " + rate + ", wanted 0 or more and less than 1");
        }
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape(), x.shape());
    }

    @Override
    public void forward(Backend on, Call call) {
        Storage uniform = call.scratch(x.shape().size());
        on.uniform(random, 0, 1, uniform);
        on.unary(Unary.step(rate, 1 / (1 - rate)), uniform, call.y(1));
        on.binary(Binary.MULTIPLY, dims(), flat(x.data()), flat(call.y(1)), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        on.binaryGrad(Binary.MULTIPLY, dims(), flat(x.data()), flat(call.y(1)), call.dy(), x.dData(), null);
    }

    private int[] dims() {
        return x.shape().dims();
    }

    private Strided flat(Storage data) {
        return new Strided(data, 0, x.shape().strides());
    }
}
