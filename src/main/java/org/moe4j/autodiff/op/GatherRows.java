package org.moe4j.autodiff.op;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * y[i] = x[rows[i]], where the rows of x are all its axes but the last: the embedding of a token, the dispatch of tokens to experts.
 * Rows may repeat; a negative number gives a row of zeros. y is (shape of the list.., D). The table may keep row-sparse gradients.
 */
public record GatherRows(Variable x, IntStorage rows, Shape list) implements Op {
    public GatherRows {
        Check.length("gatherRows", "the list of rows of shape " + list, rows.length(), list.size());
        Check.below("gatherRows", "row", rows, x.shape().rows());
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x);
    }

    @Override
    public List<Shape> outputs() {
        int[] dims = Arrays.copyOf(list.dims(), list.rank() + 1);
        dims[list.rank()] = width();
        return List.of(Shape.of(dims));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.gatherRows(x.data(), width(), rows, call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        if (x instanceof Parameter p && p.isTable()) {
            call.addRowGradient(on, x, rows, null, call.dy(), 1);
        } else {
            on.scatterAddRows(call.dy(), width(), rows, x.dData());
        }
    }

    private int width() {
        return x.shape().columns();
    }
}
