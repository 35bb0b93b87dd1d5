package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * The k largest of the n·n sums a[r,i] + b[r,j] of each row, descending: the retrieval of product keys (Lample et al. 2019,
 * section 3.1), which forms the sums of the {@code half} best of each side only; half ≥ k is exact. a and b are (..,n), y (..,k).
 *
 * @param ids where forward writes i·n + j for each (rows,k)
 */
public record ProductTopK(Variable a, Variable b, int half, int k, IntStorage ids) implements Op {
    public ProductTopK {
        int n = a.shape().columns();
        Check.equal("productTopK", "b", b, a.shape());
        Check.range("productTopK", "the candidates of each side of " + a.shape(), half, 1, n);
        Check.range("productTopK", "k with " + half + " candidates of each side", k, 1, (long) half * half);
        Check.length("productTopK", "the ids for " + a.shape(), ids.length(), (long) a.shape().rows() * k);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(a.shape().withColumns(k));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.productTopK(a.data(), b.data(), a.shape().rows(), a.shape().columns(), half, k, call.y(), ids);
    }

    @Override
    public void backward(Backend on, Call call) {
        int n = a.shape().columns();
        IntStorage columns = call.scratchInts(ids.length());
        if (a.wantsGrad()) {
            on.divideInts(ids, n, false, ids.length(), 0, columns);
            on.scatterAddColumns(call.dy(), a.shape().rows(), n, columns, k, a.dData());
        }
        if (b.wantsGrad()) {
            on.divideInts(ids, n, true, ids.length(), 0, columns);
            on.scatterAddColumns(call.dy(), a.shape().rows(), n, columns, k, b.dData());
        }
    }

    /** The candidate sums. */
    @Override
    public Cost cost() {
        long rows = a.shape().rows();
        return new Cost(rows * half * half, Float.BYTES * (2 * a.shape().size() + 2 * rows * k));
    }
}
