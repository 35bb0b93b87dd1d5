package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;

/** Short names for the operations, so that a layer reads like its formula; each is one line over its record. */
public interface Operations {
    /** Runs an operation and gives its result. */
    Variable run(Op op);

    /** Runs an operation and gives all its outputs. */
    List<Variable> runAll(Op op);

    /** y = x wᵀ + b; b may be null. */
    default Variable linear(Variable x, Variable w, Variable b) {
        return run(new Linear(x, w, b));
    }

    /** s[t,j] = x[t] · table[ids[t,j]]. */
    default Variable gatherDot(Variable x, Variable table, int[] ids, int perRow) {
        return run(new GatherDot(x, table, ids, perRow));
    }
}
