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
 * y[t] = sum over j of weights[t,j] table[ids[t,j]], with weights and ids (T,perRow), table (N,D) and y (T,D): the read of a
 * product-key memory (Lample et al. 2019, equation 1), the second half of PEER's experts, the combination of expert outputs. Weights null are
 * all 1; empty slots (negative ids) add nothing. The table may keep row-sparse gradients.
 */
public record GatherSum(Variable weights, Variable table, IntStorage ids, int perRow) implements Op {
    public GatherSum {
        Check.rank("gatherSum", "the table", table, 2);
        if (weights != null) {
            Check.length("gatherSum", "a row of weights " + weights.shape(), weights.shape().columns(), perRow);
            Check.length("gatherSum", "ids for weights " + weights.shape(), ids.length(), weights.shape().size());
        } else if (perRow < 1 || ids.length() % perRow != 0) {
            throw new IllegalArgumentException("gatherSum: " + ids.length() + " ids are not whole rows of " + perRow);
        }
        Check.below("gatherSum", "id", ids, table.shape().dim(0));
    }

    @Override
    public List<Variable> inputs() {
        return weights == null ? List.of(table) : List.of(weights, table);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(Shape.of(weights == null ? ids.length() / perRow : weights.shape().rows(), width()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.gatherSum(weights == null ? null : weights.data(), table.data(), width(), ids, perRow, call.y(), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        if (weights != null && weights.wantsGrad()) {
            on.gatherDot(call.dy(), table.data(), width(), ids, perRow, weights.dData(), true); // dweights[t,j] += dy[t] · table[id]
        }
        if (table.wantsGrad()) {
            call.addRowGradient(on, table, ids, weights == null ? null : weights.data(), call.dy(), perRow); // dtable[id] += weights[t,j] dy[t]
        }
    }

    /** Empty slots cost nothing. */
    @Override
    public Cost cost() {
        long products = Check.filled(ids) * width();
        return new Cost(weights == null ? 0 : 2 * products,
            Cost.bytesPerValue(table.data().type()) * products + Float.BYTES * (outputs().getFirst().size() + ids.length()));
    }

    private int width() {
        return table.shape().columns();
    }
}
