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
 * s[t,j] = x[t] · table[ids[t,j]], with x (T,D), table (N,D), ids and s (T,perRow): the first half of PEER's single-neuron
 * experts (He 2024, algorithm 1). The table may keep row-sparse gradients; empty slots (negative ids) give 0.
 */
public record GatherDot(Variable x, Variable table, IntStorage ids, int perRow) implements Op {
    public GatherDot {
        Check.rank("gatherDot", "the table", table, 2);
        Check.length("gatherDot", "a row of x " + x.shape(), x.shape().columns(), table.shape().columns());
        Check.length("gatherDot", "ids", ids.length(), (long) x.shape().rows() * perRow);
        Check.below("gatherDot", "id", ids, table.shape().dim(0));
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x, table);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(Shape.of(x.shape().rows(), perRow));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.gatherDot(x.data(), table.data(), width(), ids, perRow, call.y(), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        if (x.wantsGrad()) {
            on.gatherSum(call.dy(), table.data(), width(), ids, perRow, x.dData(), true); // dx[t] += sum_j ds[t,j] table[id]
        }
        if (table.wantsGrad()) {
            call.addRowGradient(on, table, ids, call.dy(), x.data(), perRow); // dtable[id] += ds[t,j] x[t]
        }
    }

    /** Empty slots cost nothing. */
    @Override
    public Cost cost() {
        long products = Check.filled(ids) * width();
        return new Cost(2 * products, Cost.bytesPerValue(table.data().type()) * products + Float.BYTES * (x.shape().size() + ids.length()));
    }

    private int width() {
        return table.shape().columns();
    }
}
