package org.moe4j.nn;

import org.moe4j.tensor.ValueType;

/**
 * What the values of a table, and the moments that its optimizer keeps of them, are stored as. Everything is computed in float32 all the same.
 * What is lost is what a step adds to a weight: rounded at random it is kept in the mean ({@link org.moe4j.tensor.StochasticRounding}), rounded to
 * the nearest most of it is not.
 */
public enum TableValues {
    /** As everything else: float64 on the reference back end. */
    FLOAT32(ValueType.NATIVE, false),
    /** Half the bytes, rounded at random. */
    BFLOAT16(ValueType.BFLOAT16, true),
    /** Half the bytes, rounded to the nearest: to measure what that loses. */
    BFLOAT16_NEAREST(ValueType.BFLOAT16, false);

    private final ValueType type;
    private final boolean atRandom;

    TableValues(ValueType type, boolean atRandom) {
        this.type = type;
        this.atRandom = atRandom;
    }

    public ValueType type() {
        return type;
    }

    /** How many of so many values are stored as bfloat16: all or none. */
    public long halves(long values) {
        return type == ValueType.BFLOAT16 ? values : 0;
    }

    /** Whether what an optimizer changes is rounded at random. */
    public boolean atRandom() {
        return atRandom;
    }
}
