package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** What runs operations: the tape, seen from the short names. */
public interface Recorder {
    /** Runs an operation and gives its result. */
    Variable run(Op op);

    /** Runs an operation and gives all its outputs. */
    List<Variable> runAll(Op op);

    /** Whether gradients may be asked for afterwards. */
    boolean recording();

    /** A value without gradient, in memory of the tape's. */
    Variable constant(Shape shape, double... values);

    /** Memory for whole numbers, of the tape's, with whatever it last held. */
    IntStorage ints(int length);

    /** A constant tensor of equal values. */
    Variable filled(Shape shape, double value);
}
