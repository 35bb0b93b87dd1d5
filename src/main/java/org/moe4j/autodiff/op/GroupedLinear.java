package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * One linear layer for each expert over its own rows: y[r] = w[e] x[r] + b[e] for each row r from starts[e] to starts[e+1]; x (R,in) sorted
 * by expert, starts (E+1) from 0 to R, b (E,out) or null, y (R,out).
 *
 * @param inFirst whether w is (E,in,out), as papers write experts, or (E,out,in), as checkpoints store linear layers
 */
public record GroupedLinear(Variable x, Variable w, Variable b, int[] starts, boolean inFirst) implements Op {
    public GroupedLinear {
        Check.rank("groupedLinear", "x", x, 2);
        Check.rank("groupedLinear", "the weight", w, 3);
        Check.length("groupedLinear", "a row of x " + x.shape(), x.shape().columns(), w.shape().dim(inFirst ? 1 : 2));
        Check.length("groupedLinear", "starts", starts.length, w.shape().dim(0) + 1L);
        for (int e = 0; e + 1 < starts.length; e++) {
            if (starts[e] > starts[e + 1]) {
                throw new IllegalArgumentException("groupedLinear: expert " + e + " starts at row " + starts[e] + ", the next at " + starts[e + 1]);
            }
        }
        if (starts[0] != 0 || starts[starts.length - 1] != x.shape().dim(0)) {
            throw new IllegalArgumentException("groupedLinear: the experts' rows are " + starts[0] + " to " + starts[starts.length - 1]
                    + ", x is " + x.shape());
        }
        if (b != null) {
            Check.equal("groupedLinear", "the bias", b, Shape.of(w.shape().dim(0), w.shape().dim(inFirst ? 2 : 1)));
        }
    }

    @Override
    public List<Variable> inputs() {
        return b == null ? List.of(x, w) : List.of(x, w, b);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(Shape.of(x.shape().dim(0), out()));
    }

    @Override
    public void forward(Backend on, Call call) {
        for (int e = 0; b != null && e < experts(); e++) {
            if (rows(e) > 0) {
                on.move(new int[] {rows(e), out()}, bias(b.data(), e), rowsOf(call.y(), e), false);
            }
        }
        on.groupedGemm(starts, !inFirst, out(), in(), x.data(), w.data(), call.y(), b != null);
    }

    @Override
    public void backward(Backend on, Call call) {
        if (x.wantsGrad()) {
            boolean add = x.addsToGrad();
            on.groupedGemm(starts, inFirst, in(), out(), call.dy(), w.data(), x.dData(), add); // dx += dy · w[e]
        }
        if (w.wantsGrad()) {
            boolean add = w.addsToGrad();
            if (inFirst) {
                on.groupedGemmWeights(starts, in(), out(), x.data(), call.dy(), w.dData(), add); // dw[e] += xᵀ · dy
            } else {
                on.groupedGemmWeights(starts, out(), in(), call.dy(), x.data(), w.dData(), add); // dw[e] += dyᵀ · x
            }
        }
        for (int e = 0; b != null && b.wantsGrad() && e < experts(); e++) {
            if (rows(e) > 0) {
                on.move(new int[] {rows(e), out()}, rowsOf(call.dy(), e), bias(b.dData(), e), true); // db[e] += sum of dy
            }
        }
    }

    /** The weights of experts without rows are not read. */
    @Override
    public Cost cost() {
        long read = 0;
        for (int e = 0; e < experts(); e++) {
            read += rows(e) > 0 ? (long) in() * out() : 0;
        }
        long r = x.shape().dim(0);
        return new Cost(2 * r * in() * out(), Float.BYTES * (read + r * (in() + out())));
    }

    private int experts() {
        return w.shape().dim(0);
    }

    private int in() {
        return x.shape().columns();
    }

    private int out() {
        return w.shape().dim(inFirst ? 2 : 1);
    }

    private int rows(int e) {
        return starts[e + 1] - starts[e];
    }

    private Strided rowsOf(Storage data, int e) {
        return new Strided(data, (long) starts[e] * out(), new long[] {out(), 1});
    }

    private Strided bias(Storage data, int e) {
        return new Strided(data, (long) e * out(), new long[] {0, 1});
    }
}
