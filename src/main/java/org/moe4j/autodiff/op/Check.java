package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** The messages with which operations refuse shapes: each names the operation and both values. */
final class Check {
    private Check() {}

    static void rank(String op, String what, Variable x, int rank) {
        if (x.shape().rank() != rank) {
            throw new IllegalArgumentException(op + ": " + what + " is " + x.shape() + ", wanted " + rank + " axes");
        }
    }

    static void equal(String op, String what, Variable x, Shape wanted) {
        if (!x.shape().equals(wanted)) {
            throw new IllegalArgumentException(op + ": " + what + " is " + x.shape() + ", wanted " + wanted);
        }
    }

    static void length(String op, String what, long given, long wanted) {
        if (given != wanted) {
            throw new IllegalArgumentException(op + ": " + what + " has " + given + " values, wanted " + wanted);
        }
    }
}
