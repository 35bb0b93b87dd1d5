package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** y = x wᵀ + b, with x (.., in), w (out, in) as checkpoints store it, b (out) or null, y (.., out). */
public record Linear(Variable x, Variable w, Variable b) implements Op {
    public Linear {
        Check.rank("linear", "the weight", w, 2);
        Check.length("linear", "a row of x " + x.shape(), x.shape().columns(), w.shape().dim(1));
        if (b != null) {
            Check.equal("linear", "the bias", b, Shape.of(w.shape().dim(0)));
        }
    }

    @Override
    public List<Variable> inputs() {
        return b == null ? List.of(x, w) : List.of(x, w, b);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape().withColumns(out()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.gemm(false, true, rows(), out(), in(), x.data(), w.data(), call.y(), new Epilogue.Layer(b == null ? null : b.data()));
    }

    @Override
    public void backward(Backend on, Call call) {
        if (x.wantsGrad()) {
            boolean add = x.addsToGrad();
            on.gemm(false, false, rows(), in(), out(), call.dy(), w.data(), x.dData(), add); // dx += dy · w
        }
        if (w.wantsGrad()) {
            boolean add = w.addsToGrad();
            on.gemm(true, false, out(), in(), rows(), call.dy(), x.data(), w.dData(), add); // dw += dyᵀ · x
        }
        if (b != null && b.wantsGrad()) {
            addBiasGrad(on, rows(), out(), call.dy(), b);
        }
    }

    /** db adds the sum of the rows of dy (rows,n). */
    static void addBiasGrad(Backend on, int rows, int n, Storage dy, Variable b) {
        on.move(new int[] {rows, n}, new Strided(dy, 0, new long[] {n, 1}), new Strided(b.dData(), 0, new long[] {0, 1}), true);
    }

    @Override
    public Cost cost() {
        return cost(rows(), out(), in());
    }

    static Cost cost(long m, long n, long k) {
        return new Cost(2 * m * n * k, Float.BYTES * (m * k + k * n + m * n));
    }

    private int rows() {
        return x.shape().rows();
    }

    private int in() {
        return w.shape().dim(1);
    }

    private int out() {
        return w.shape().dim(0);
    }
}
