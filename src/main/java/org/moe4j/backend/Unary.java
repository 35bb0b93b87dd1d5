package org.moe4j.backend;

/**
 * An elementwise function of one value, with its derivative. These scalar forms, in float64, define the function; a back
 * end may compute it any faster way that agrees with them.
 *
 * @param p the function's first attribute, where it has one (the slope of ELU, the exponent of a power, a lower bound)
 * @param q the second (an upper bound)
 */
public record Unary(Function function, double p, double q) {
    public static final Unary EXP = of(Function.EXP);
    public static final Unary EXPM1 = of(Function.EXPM1);
    public static final Unary LOG = of(Function.LOG);
    public static final Unary LOG1P = of(Function.LOG1P);
    public static final Unary SQRT = of(Function.SQRT);
    public static final Unary RSQRT = of(Function.RSQRT);
    public static final Unary RECIPROCAL = of(Function.RECIPROCAL);
    public static final Unary SQUARE = of(Function.SQUARE);
    public static final Unary ABS = of(Function.ABS);
    public static final Unary NEGATE = of(Function.NEGATE);
    public static final Unary SIN = of(Function.SIN);
    public static final Unary COS = of(Function.COS);
    public static final Unary ERF = of(Function.ERF);
    public static final Unary NORMAL_CDF = of(Function.NORMAL_CDF);
    public static final Unary SIGMOID = of(Function.SIGMOID);
    public static final Unary LOG_SIGMOID = of(Function.LOG_SIGMOID);
    public static final Unary TANH = of(Function.TANH);
    public static final Unary RELU = of(Function.RELU);
    public static final Unary RELU_SQUARED = of(Function.RELU_SQUARED);
    public static final Unary GELU = of(Function.GELU);
    public static final Unary GELU_TANH = of(Function.GELU_TANH);
    public static final Unary SILU = of(Function.SILU);
    public static final Unary MISH = of(Function.MISH);
    public static final Unary SOFTPLUS = of(Function.SOFTPLUS);

    public static Unary elu(double alpha) {
        return new Unary(Function.ELU, alpha, 0);
    }

    public static Unary leakyRelu(double slope) {
        return new Unary(Function.LEAKY_RELU, slope, 0);
    }

    /** x kept within [low, high]; the gradient is 0 outside. Also hard tanh. */
    public static Unary clamp(double low, double high) {
        return new Unary(Function.CLAMP, low, high);
    }

    public static Unary power(double exponent) {
        return new Unary(Function.POWER, exponent, 0);
    }

    /** 1 where x is at least the threshold, else 0, times {@code height}; no gradient. Dropout masks and indicators. */
    public static Unary step(double threshold, double height) {
        return new Unary(Function.STEP, threshold, height);
    }

    /** a x + b. */
    public static Unary affine(double a, double b) {
        return new Unary(Function.AFFINE, a, b);
    }

    private static Unary of(Function function) {
        return new Unary(function, 0, 0);
    }

    public double value(double x) {
        return switch (function) {
            case EXP -> Math.exp(x);
            case EXPM1 -> Math.expm1(x);
            case LOG -> Math.log(x);
            case LOG1P -> Math.log1p(x);
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case SQUARE -> x * x;
            case ABS -> Math.abs(x);
            case NEGATE -> -x;
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case ERF -> Erf.erf(x);
            case NORMAL_CDF -> Erf.normalCdf(x);
            case SIGMOID -> sigmoid(x);
            case LOG_SIGMOID -> -softplus(-x);
            case TANH -> Math.tanh(x);
            case RELU -> Math.max(x, 0);
            case RELU_SQUARED -> Math.max(x, 0) * Math.max(x, 0);
            case GELU -> x * Erf.normalCdf(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(geluInner(x)));
            case SILU -> x * sigmoid(x);
            case MISH -> x * Math.tanh(softplus(x));
            case SOFTPLUS -> softplus(x);
            case ELU -> x > 0 ? x : p * Math.expm1(x);
            case LEAKY_RELU -> x > 0 ? x : p * x;
            case CLAMP -> Math.min(Math.max(x, p), q);
            case POWER -> Math.pow(x, p);
            case STEP -> x >= p ? q : 0;
            case AFFINE -> p * x + q;
        };
    }

    /** The derivative at {@code x}, where the function's value is {@code y}. */
    public double derivative(double x, double y) {
        return switch (function) {
            case EXP -> y;
            case EXPM1 -> y + 1;
            case LOG -> 1 / x;
            case LOG1P -> 1 / (1 + x);
            case SQRT -> 0.5 / y;
            case RSQRT -> -0.5 * y / x;
            case RECIPROCAL -> -y * y;
            case SQUARE -> 2 * x;
            case ABS -> Math.signum(x);
            case NEGATE -> -1;
            case SIN -> Math.cos(x);
            case COS -> -Math.sin(x);
            case ERF -> 2 * Erf.SQRT_2 * Erf.normalDensity(x * Erf.SQRT_2);
            case NORMAL_CDF -> Erf.normalDensity(x);
            case SIGMOID -> y * (1 - y);
            case LOG_SIGMOID -> sigmoid(-x);
            case TANH -> 1 - y * y;
            case RELU -> x > 0 ? 1 : 0;
            case RELU_SQUARED -> 2 * Math.max(x, 0);
            case GELU -> Erf.normalCdf(x) + x * Erf.normalDensity(x);
            case GELU_TANH -> {
                double t = Math.tanh(geluInner(x));
                yield 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x);
            }
            case SILU -> {
                double s = sigmoid(x);
                yield s * (1 + x * (1 - s));
            }
            case MISH -> {
                double t = Math.tanh(softplus(x));
                yield t + x * (1 - t * t) * sigmoid(x);
            }
            case SOFTPLUS -> sigmoid(x);
            case ELU -> x > 0 ? 1 : y + p;
            case LEAKY_RELU -> x > 0 ? 1 : p;
            case CLAMP -> x >= p && x <= q ? 1 : 0;
            case POWER -> p * Math.pow(x, p - 1);
            case STEP -> 0;
            case AFFINE -> p;
        };
    }

    /** Whether {@link #derivative} is the same with the value in the argument's place, so that nobody need keep the argument. */
    public boolean slopeFromValue() {
        return switch (function) {
            case EXP, EXPM1, RECIPROCAL, SIGMOID, TANH, RELU -> true;
            default -> false;
        };
    }

    /** The names by which the functions are known. */
    public enum Function {
        EXP, EXPM1, LOG, LOG1P, SQRT, RSQRT, RECIPROCAL, SQUARE, ABS, NEGATE, SIN, COS, ERF, NORMAL_CDF, SIGMOID, LOG_SIGMOID, TANH,
        RELU, RELU_SQUARED, GELU, GELU_TANH, SILU, MISH, SOFTPLUS, ELU, LEAKY_RELU, CLAMP, POWER, STEP, AFFINE
    }

    private static final double GELU_SCALE = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    private static double geluInner(double x) {
        return GELU_SCALE * (x + GELU_CUBIC * x * x * x);
    }

    private static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}
