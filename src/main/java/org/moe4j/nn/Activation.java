package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Unary;

/**
 * The nonlinearity between the two products of a feed-forward block. A gated one multiplies a second projection of the input by the
 * activated first: f(gate) · up (Shazeer 2020, equations 5 and 6), so that the block has three weights, not two.
 */
public enum Activation {
    RELU(Unary.RELU, false),
    GELU(Unary.GELU, false),
    GELU_TANH(Unary.GELU_TANH, false),
    SILU(Unary.SILU, false),
    GEGLU(Unary.GELU, true),
    SWIGLU(Unary.SILU, true);

    private final Unary function;
    private final boolean gated;

    Activation(Unary function, boolean gated) {
        this.function = function;
        this.gated = gated;
    }

    /** f, which acts on one value. */
    public Unary function() {
        return function;
    }

    /** Whether the block has a second projection into the hidden width. */
    public boolean gated() {
        return gated;
    }

    /** The number of projections of the input, 1 or 2: the block has one more weight than that. */
    public int projections() {
        return gated ? 2 : 1;
    }

    /** f(x), or f(x) · up if gated; {@code up} is null if not. */
    public Variable apply(Tape t, Variable x, Variable up) {
        Variable y = t.apply(function, x);
        return gated ? t.multiply(y, up) : y;
    }
}
