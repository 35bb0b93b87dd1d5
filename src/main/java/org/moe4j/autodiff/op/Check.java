package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
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

    /** Row or column numbers: each below {@code limit}; negative ones are empty slots. Lists on a device, which it made itself, are believed. */
    static void below(String op, String what, IntStorage list, int limit) {
        if (!(list instanceof HostInts ids)) {
            return;
        }
        for (int i = 0; i < ids.length(); i++) {
            if (ids.get(i) >= limit) {
                throw new IllegalArgumentException(op + ": " + what + " number " + i + " is " + ids.get(i) + ", but there are only " + limit);
            }
        }
    }

    /** How many of a list's slots are not empty; on a device, which would have to be waited for, all. */
    static long filled(IntStorage list) {
        if (!(list instanceof HostInts ids)) {
            return list.length();
        }
        long filled = 0;
        for (int i = 0; i < ids.length(); i++) {
            filled += ids.get(i) >= 0 ? 1 : 0;
        }
        return filled;
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
