package org.moe4j.experts;

import org.moe4j.io.InputException;

/** The sentences with which the specs of this package refuse a value. */
final class Require {
    private Require() {}

    static void positive(String field, int value) {
        if (value < 1) {
            throw new InputException(field + " is " + value + ", it has to be at least 1");
        }
    }

    static void positive(String field, double value) {
        if (!(value > 0) || value == Double.POSITIVE_INFINITY) {
            throw new InputException(field + " is " + value + ", it has to be above 0");
        }
    }

    static void notNegative(String field, double value) {
        if (!(value >= 0) || value == Double.POSITIVE_INFINITY) {
            throw new InputException(field + " is " + value + ", it has to be 0 or above");
        }
    }

    static void topK(int topK, int experts) {
        positive("experts", experts);
        positive("topK", topK);
        if (topK > experts) {
            throw new InputException("topK is " + topK + ", more than the number of experts " + experts + "; at most " + experts + " would do");
        }
    }

    static void exactly(String field, int value, int wanted, String by) {
        if (value != wanted) {
            throw new InputException(field + " is " + value + ", " + by + " wants " + wanted);
        }
    }
}
