package org.moe4j.autodiff;

import java.util.List;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * One call of an operation: a record of its inputs and attributes, whose constructor checks their shapes. Forward writes
 * every output, backward adds to the gradient of each input that wants one, and the cost is known before either runs.
 */
public interface Op {
    /** The variables it reads, in a fixed order. */
    List<Variable> inputs();

    /** The result first, then what backward needs beyond inputs and result (a row's 1/σ), or further results. */
    List<Shape> outputs();

    /**
     * Which part of the memory of its only input the result is, for an operation that only looks at it in another way. Its gradient
     * is then the same part of the input's, so that neither way has anything to do. Null, as for most: the result has its own memory.
     */
    default Storage part(Storage input) {
        return null;
    }

    /** Writes every output; not called for a part of the input. */
    void forward(Backend on, Call call);

    /** Adds to the gradients of the inputs; never overwrites. Called only if some output has a gradient of its own. */
    void backward(Backend on, Call call);

    /** Going forward; what is not said here is counted as {@link Cost#NONE}. */
    default Cost cost() {
        return Cost.NONE;
    }

    /** The name in messages. */
    default String name() {
        String simple = getClass().getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }
}
