package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * y[t] = sum over j of gates[t,j] f(x[t] · down[ids[t,j]]) up[ids[t,j]], with x and y (T,D), down and up (N,D), ids and gates (T,S): PEER's
 * single-neuron experts (He 2024, algorithm 1), which read each retrieved row once and lay none out. Of the slots only the dot products
 * are kept for the gradient. The tables may keep row-sparse gradients; empty slots (negative ids) add nothing.
 */
public record SingleNeurons(Unary f, Variable x, Variable down, Variable up, IntStorage ids, Variable gates) implements Op {
    public SingleNeurons {
        Check.rank("singleNeurons", "the first table", down, 2);
        Check.equal("singleNeurons", "the second table", up, down.shape());
        Check.length("singleNeurons", "a row of x " + x.shape(), x.shape().columns(), down.shape().columns());
        Check.length("singleNeurons", "rows of gates " + gates.shape(), gates.shape().rows(), x.shape().rows());
        Check.length("singleNeurons", "ids for gates " + gates.shape(), ids.length(), gates.shape().size());
        Check.below("singleNeurons", "id", ids, down.shape().dim(0));
    }

    @Override
    public List<Variable> inputs() {
        return List.of(x, down, up, gates);
    }

    /** The result, and x[t] · down[ids[t,j]]. */
    @Override
    public List<Shape> outputs() {
        return List.of(Shape.of(x.shape().rows(), width()), Shape.of(x.shape().rows(), perRow()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.singleNeurons(f, x.data(), down.data(), up.data(), width(), ids, perRow(), gates.data(), call.y(1), call.y(), work(call));
    }

    @Override
    public void backward(Backend on, Call call) {
        Storage weights = call.scratch(ids.length());
        Storage ds = call.scratch(ids.length());
        on.singleNeuronsGrad(f, call.dy(), down.data(), up.data(), width(), ids, perRow(), gates.data(), call.y(1),
            gates.wantsGrad() ? gates.dData() : null, weights, ds, x.wantsGrad() ? x.dData() : null, work(call));
        if (down.wantsGrad()) {
            call.addRowGradient(on, down, ids, ds, x.data(), perRow());
        }
        if (up.wantsGrad()) {
            call.addRowGradient(on, up, ids, weights, call.dy(), perRow());
        }
    }

    /** That of the two products with rows; empty slots cost nothing. */
    @Override
    public Cost cost() {
        long products = Check.filled(ids) * width();
        long rows = (Cost.bytesPerValue(down.data().type()) + Cost.bytesPerValue(up.data().type())) * products;
        return new Cost(4 * products, rows + 2L * Float.BYTES * (x.shape().size() + ids.length()));
    }

    private Storage work(Call call) {
        return call.scratch(2L * ids.length());
    }

    private int perRow() {
        return gates.shape().columns();
    }

    private int width() {
        return down.shape().columns();
    }
}
