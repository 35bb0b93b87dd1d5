package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Rotary positions (Su et al. 2021, section 3.2.2) in half-split pairs (i, i + Dh/2): the pair is turned by the angle p base^(-2i/Dh) at
 * position p. x is (B,T,H·Dh); positions count from {@code first} along T.
 */
public record Rotary(Variable x, int heads, double base, int first) implements Op {
    public Rotary {
        Check.rank("rotary", "x", x, 3);
        if (x.shape().columns() % (2 * heads) != 0) {
            throw new IllegalArgumentException("rotary: x is " + x.shape() + ", " + heads + " heads want a multiple of " + 2 * heads + " columns");
        }
    }

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
        turn(on, false, x.data(), call.y(), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        boolean add = x.addsToGrad();
        turn(on, true, call.dy(), x.dData(), add);
    }

    private void turn(Backend on, boolean inverse, Storage from, Storage to, boolean add) {
        on.rotary(x.shape().dim(0), x.shape().dim(1), heads, x.shape().columns() / heads, base, first, inverse, from, to, add);
    }
}
