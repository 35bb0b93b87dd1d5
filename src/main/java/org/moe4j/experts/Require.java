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
        atMost("topK", topK, experts, "experts");
    }

    /** A number of things, of which there are {@code most}. */
    static void atMost(String field, int value, int most, String things) {
        positive(field, value);
        if (value > most) {
            throw new InputException(field + " is " + value + ", more than the number of " + things + " " + most + "; at most " + most + " would do");
        }
    }

    static void exactly(String field, int value, int wanted, String by) {
        if (value != wanted) {
            throw new InputException(field + " is " + value + ", " + by + " wants " + wanted);
        }
    }
}
