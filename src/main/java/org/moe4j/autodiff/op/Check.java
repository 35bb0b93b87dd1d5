package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/** What operations ask of their inputs. The messages name the operation, what was given and what was wanted. */
final class Check {
    private Check() {}

    static void rank(String op, String what, Variable x, int rank) {
        if (x.shape().rank() != rank) {
            throw new IllegalArgumentException(op + ": " + what + " is " + x.shape() + ", wanted " + rank + " axes");
        }
    }

    static void rankAtLeast(String op, String what, Variable x, int rank) {
        if (x.shape().rank() < rank) {
            throw new IllegalArgumentException(op + ": " + what + " is " + x.shape() + ", wanted at least " + rank + " axes");
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

    static void range(String op, String what, long given, long low, long high) {
        if (given < low || given > high) {
            throw new IllegalArgumentException(op + ": " + what + " is " + given + ", wanted " + low + " to " + high);
        }
    }

    /** Row or column numbers: each below {@code limit}; negative ones are empty slots. */
    static void below(String op, String what, int[] ids, int limit) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= limit) {
                throw new IllegalArgumentException(op + ": " + what + " number " + i + " is " + ids[i] + ", but there are only " + limit);
            }
        }
    }

    /** The axis counted from 0. */
    static int axis(String op, Shape shape, int axis) {
        int fromStart = axis < 0 ? axis + shape.rank() : axis;
        if (fromStart < 0 || fromStart >= shape.rank()) {
            throw new IllegalArgumentException(op + ": axis " + axis + " does not exist in " + shape);
        }
        return fromStart;
    }

    /** Where to add the gradient of an input that may be absent; null if it wants none. */
    static Storage gradient(Variable x) {
        return x != null && x.wantsGrad() ? x.dData() : null;
    }
}
