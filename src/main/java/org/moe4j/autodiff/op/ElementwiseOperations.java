package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;

/** Functions of single values, and of pairs of values with NumPy broadcasting. */
public interface ElementwiseOperations extends Recorder {
    /** y = f(x) for any function of {@link Unary}. */
    default Variable apply(Unary f, Variable x) {
        return run(new Elementwise(f, x));
    }

    default Variable exp(Variable x) {
        return apply(Unary.EXP, x);
    }

    /** exp(x) - 1. */
    default Variable expm1(Variable x) {
        return apply(Unary.EXPM1, x);
    }

    default Variable log(Variable x) {
        return apply(Unary.LOG, x);
    }

    /** log(1 + x). */
    default Variable log1p(Variable x) {
        return apply(Unary.LOG1P, x);
    }

    default Variable sqrt(Variable x) {
        return apply(Unary.SQRT, x);
    }

    /** 1 / sqrt(x). */
    default Variable rsqrt(Variable x) {
        return apply(Unary.RSQRT, x);
    }

    /** 1 / x. */
    default Variable reciprocal(Variable x) {
        return apply(Unary.RECIPROCAL, x);
    }

    default Variable square(Variable x) {
        return apply(Unary.SQUARE, x);
    }

    default Variable power(Variable x, double exponent) {
        return apply(Unary.power(exponent), x);
    }

    default Variable abs(Variable x) {
        return apply(Unary.ABS, x);
    }

    default Variable negate(Variable x) {
        return apply(Unary.NEGATE, x);
    }

    default Variable sin(Variable x) {
        return apply(Unary.SIN, x);
    }

    default Variable cos(Variable x) {
        return apply(Unary.COS, x);
    }

    default Variable erf(Variable x) {
        return apply(Unary.ERF, x);
    }

    /** Φ(x), the standard normal distribution function. */
    default Variable normalCdf(Variable x) {
        return apply(Unary.NORMAL_CDF, x);
    }

    default Variable sigmoid(Variable x) {
        return apply(Unary.SIGMOID, x);
    }

    default Variable logSigmoid(Variable x) {
        return apply(Unary.LOG_SIGMOID, x);
    }

    default Variable tanh(Variable x) {
        return apply(Unary.TANH, x);
    }

    default Variable relu(Variable x) {
        return apply(Unary.RELU, x);
    }

    /** x Φ(x), exact. */
    default Variable gelu(Variable x) {
        return apply(Unary.GELU, x);
    }

    /** The approximation of GELU by tanh. */
    default Variable geluTanh(Variable x) {
        return apply(Unary.GELU_TANH, x);
    }

    /** x sigmoid(x). */
    default Variable silu(Variable x) {
        return apply(Unary.SILU, x);
    }

    /** log(1 + exp(x)). */
    default Variable softplus(Variable x) {
        return apply(Unary.SOFTPLUS, x);
    }

    /** x kept within [low, high]; no gradient outside. */
    default Variable clamp(Variable x, double low, double high) {
        return apply(Unary.clamp(low, high), x);
    }

    default Variable scale(Variable x, double factor) {
        return apply(Unary.affine(factor, 0), x);
    }

    default Variable addScalar(Variable x, double term) {
        return apply(Unary.affine(1, term), x);
    }

    default Variable add(Variable a, Variable b) {
        return run(new Combine(Binary.ADD, a, b));
    }

    default Variable subtract(Variable a, Variable b) {
        return run(new Combine(Binary.SUBTRACT, a, b));
    }

    default Variable multiply(Variable a, Variable b) {
        return run(new Combine(Binary.MULTIPLY, a, b));
    }

    default Variable divide(Variable a, Variable b) {
        return run(new Combine(Binary.DIVIDE, a, b));
    }

    /** The larger of each pair; at a tie half the gradient goes to each. */
    default Variable maximum(Variable a, Variable b) {
        return run(new Combine(Binary.MAX, a, b));
    }

    /** The smaller of each pair; at a tie half the gradient goes to each. */
    default Variable minimum(Variable a, Variable b) {
        return run(new Combine(Binary.MIN, a, b));
    }

    /** 1 where a &gt; b, else 0; no gradient flows through it. */
    default Variable greater(Variable a, Variable b) {
        return apply(Unary.affine(-1, 1), apply(Unary.step(0, 1), subtract(b, a)));
    }

    /** a where the mask (0 or 1, without gradient) is 1, b where it is 0; both finite. */
    default Variable where(Variable mask, Variable a, Variable b) {
        return add(multiply(mask, a), multiply(apply(Unary.affine(-1, 1), mask), b));
    }

    /** x with a finite value where the mask (0 or 1, without gradient) is 1. To mask attention scores add 0 or -∞ to them instead. */
    default Variable maskedFill(Variable x, Variable mask, double value) {
        return add(multiply(apply(Unary.affine(-1, 1), mask), x), scale(mask, value));
    }

    /** x with each value 0 with probability {@code rate}, else x / (1 - rate). */
    default Variable dropout(Variable x, double rate, CounterRandom random) {
        return rate == 0 ? x : run(new Dropout(x, rate, random));
    }
}
