package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/** y[r, columns[r,j]] adds x[r,j], by rows of the last axis; x (..,k), columns (rows,k), y (..,count); negative columns are left out. */
public record ScatterColumns(Variable x, IntStorage columns, int count) implements Op {
    public ScatterColumns {
        Check.length("scatterColumns", "the columns for " + x.shape(), columns.length(), x.shape().size());
        Check.below("scatterColumns", "column", columns, count);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(x.shape().withColumns(count));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.fill(call.y(), 0);
        on.scatterAddColumns(x.data(), x.shape().rows(), count, columns, x.shape().columns(), call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        Storage gathered = call.scratch(x.shape().size());
        on.gatherColumns(call.dy(), x.shape().rows(), count, columns, x.shape().columns(), gathered);
        on.axpy(1, gathered, x.dData());
    }
}
