package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** y[rows[i]] adds x[i], with x (I,D) and y (count,D): sums by segment, index-add. Negative row numbers are left out. */
public record ScatterRows(Variable x, IntStorage rows, int count) implements Op {
    public ScatterRows {
        Check.rank("scatterRows", "x", x, 2);
        Check.length("scatterRows", "the list of rows for " + x.shape(), rows.length(), x.shape().dim(0));
        Check.below("scatterRows", "row", rows, count);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(Shape.of(count, x.shape().columns()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.fill(call.y(), 0);
        on.scatterAddRows(x.data(), x.shape().columns(), rows, call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        on.gatherSum(null, call.dy(), x.shape().columns(), rows, 1, x.dData(), true); // dx[i] += dy[rows[i]]
    }
}
