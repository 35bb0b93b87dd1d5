package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * One linear layer for each expert over its own rows: y[r] = w[e] x[r] + b[e] for each row r from starts[e] to starts[e+1]; x (R,in) sorted
 * by expert, starts (E+1) from 0 to R, b (E,out) or null, y (R,out). On a device starts may end before R: the rows after it are nobody's,
 * whatever y has in them.
 *
 * @param inFirst whether w is (E,in,out), as papers write experts, or (E,out,in), as checkpoints store linear layers
 */
public record GroupedLinear(Variable x, Variable w, Variable b, IntStorage starts, boolean inFirst) implements Op {
    public GroupedLinear {
        Check.rank("groupedLinear", "x", x, 2);
        Check.rank("groupedLinear", "the weight", w, 3);
        Check.length("groupedLinear", "a row of x " + x.shape(), x.shape().columns(), w.shape().dim(inFirst ? 1 : 2));
        Check.length("groupedLinear", "starts", starts.length(), w.shape().dim(0) + 1L);
        checkStarts("groupedLinear", starts, x);
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
        on.groupedGemm(starts, !inFirst, out(), in(), x.data(), w.data(), call.y(), new Epilogue.Layer(b == null ? null : b.data()));
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
        if (b != null && b.wantsGrad()) {
            on.groupedBiasGrad(starts, out(), call.dy(), b.dData()); // db[e] += sum of dy
        }
    }

    /** The weights of experts without rows are not read; where a device knows which these are, all are counted. */
    @Override
    public Cost cost() {
        return cost(starts, x.shape().dim(0), out(), in());
    }

    static Cost cost(IntStorage starts, long rows, long out, long in) {
        long experts = starts.length() - 1;
        if (starts instanceof HostInts first) {
            for (int e = 0; e + 1 < first.length(); e++) {
                experts -= first.get(e) == first.get(e + 1) ? 1 : 0;
            }
        }
        return new Cost(2 * rows * in * out, Float.BYTES * (experts * in * out + rows * (in + out)));
    }

    private int in() {
        return x.shape().columns();
    }

    private int out() {
        return w.shape().dim(inFirst ? 2 : 1);
    }

    /** Of all rows of x, ascending; what a device found is believed. */
    static void checkStarts(String op, IntStorage list, Variable x) {
        if (!(list instanceof HostInts starts)) {
            return;
        }
        int experts = starts.length() - 1;
        for (int e = 0; e < experts; e++) {
            if (starts.get(e) > starts.get(e + 1)) {
                throw new IllegalArgumentException(op + ": expert " + e + " starts at row " + starts.get(e) + ", the next at " + starts.get(e + 1));
            }
        }
        if (starts.get(0) != 0 || starts.get(experts) != x.shape().dim(0)) {
            throw new IllegalArgumentException(op + ": the experts' rows are " + starts.get(0) + " to " + starts.get(experts)
                    + ", x is " + x.shape());
        }
    }
}
