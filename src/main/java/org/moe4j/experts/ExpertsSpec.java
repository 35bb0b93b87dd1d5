package org.moe4j.experts;

import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;

/**
 * A bank of experts as a value; implemented by a record {@code Spec} inside the bank's file, with a constructor without arguments as
 * {@link RouterSpec} says.
 */
public interface ExpertsSpec {
    /** d_expert, the hidden width of one expert. */
    int hidden();

    Experts build(int dim, int experts, Init init);

    long parametersPerExpert(int dim);

    /** What all parameters of the bank are stored as; unless said otherwise, as everything else. */
    default TableValues table() {
        return TableValues.FLOAT32;
    }

    /** FLOPs of one (token, expert) pair, forward. */
    long flopsPerSlot(int dim);

    /** The same bank with experts of another hidden width. */
    ExpertsSpec withHidden(int hidden);

    /** The same bank, narrower. */
    default ExpertsSpec resized(Resize by) {
        return withHidden(by.hidden(hidden()));
    }
}
