package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** y[r,j] = x[r, columns[r,j]], by rows of the last axis; columns (rows,k), y (..,k); a negative column gives 0. */
public record GatherColumns(Variable x, IntStorage columns, int k) implements Op {
    public GatherColumns {
        Check.length("gatherColumns", "the columns for " + x.shape(), columns.length(), (long) x.shape().rows() * k);
        Check.below("gatherColumns", "column", columns, x.shape().columns());
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
        on.gatherColumns(x.data(), x.shape().rows(), x.shape().columns(), columns, k, call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        on.scatterAddColumns(call.dy(), x.shape().rows(), x.shape().columns(), columns, k, x.dData());
    }
}
