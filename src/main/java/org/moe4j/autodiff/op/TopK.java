package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * The k largest values along the last axis, descending, the lower column first at a tie.
 *
 * @param columns where forward writes the column of each (rows,k)
 */
public record TopK(Variable x, int k, IntStorage columns) implements Op {
    public TopK {
        Check.range("topK", "k for " + x.shape(), k, 0, x.shape().columns());
        Check.length("topK", "the columns of " + x.shape(), columns.length(), (long) x.shape().rows() * k);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape().withColumns(k));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.topK(x.data(), x.shape().rows(), x.shape().columns(), k, call.y(), columns);
    }

    @Override
    public void backward(Backend on, Call call) {
        on.scatterAddColumns(call.dy(), x.shape().rows(), x.shape().columns(), columns, k, x.dData());
    }
}
