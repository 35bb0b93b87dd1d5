package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.Unary;

/** The derivatives of the elementwise functions, as {@link UnaryValue} has their values: s = f'(x), where y = f(x). */
final class UnarySlope {
    private static final float TWO_BY_SQRT_PI = 1.12837917f;
    private static final float INV_SQRT_2PI = 0.39894228f;
    private static final float GELU_SCALE = 0.79788456f;
    private static final float GELU_CUBIC = 0.044715f;

    private UnarySlope() {}

    static void apply(Unary f, float[] x, int ix, float[] y, int iy, float[] s, int n) {
        float p = (float) f.p();
        float q = (float) f.q();
        switch (f.function()) {
            case EXP -> System.arraycopy(y, iy, s, 0, n);
            case EXPM1 -> UnaryValue.affine(y, iy, 1, 1, s, 0, n);
            case LOG -> UnaryValue.reciprocal(x, ix, s, 0, n);
            case LOG1P -> {
                UnaryValue.affine(x, ix, 1, 1, s, 0, n);
                UnaryValue.reciprocal(s, 0, s, 0, n);
            }
            case SQRT -> {
                UnaryValue.affine(y, iy, 2, 0, s, 0, n);
                UnaryValue.reciprocal(s, 0, s, 0, n);
            }
            case RSQRT -> rsqrt(x, ix, y, iy, s, n);
            case RECIPROCAL -> {
                UnaryValue.product(y, iy, y, iy, s, 0, n);
                UnaryValue.affine(s, 0, -1, 0, s, 0, n);
            }
            case SQUARE -> UnaryValue.affine(x, ix, 2, 0, s, 0, n);
            case ABS -> sign(x, ix, s, n);
            case NEGATE -> Arrays.fill(s, 0, n, -1);
            case SIN, COS, POWER -> { for (int i = 0; i < n; i++) s[i] = (float) f.derivative(x[ix + i], y[iy + i]); }
            case ERF -> {
                UnaryValue.product(x, ix, x, ix, s, 0, n);
                VectorMath.exp(s, 0, -1, 0, s, 0, n);
                UnaryValue.affine(s, 0, TWO_BY_SQRT_PI, 0, s, 0, n);
            }
            case NORMAL_CDF -> {
                VectorMath.bell(x, ix, s, 0, n);
                UnaryValue.affine(s, 0, INV_SQRT_2PI, 0, s, 0, n);
            }
            case SIGMOID -> sigmoid(y, iy, s, n);
            case LOG_SIGMOID -> {
                UnaryValue.affine(x, ix, -1, 0, s, 0, n);
                VectorMath.sigmoid(s, 0, s, 0, n);
            }
            case TANH -> tanh(y, iy, s, n);
            case RELU -> positive(x, ix, 0, s, n);
            case RELU_SQUARED -> {
                UnaryValue.relu(x, ix, s, 0, n);
                UnaryValue.affine(s, 0, 2, 0, s, 0, n);
            }
            case GELU -> gelu(x, ix, s, n);
            case GELU_TANH -> geluTanh(x, ix, s, n);
            case SILU -> silu(x, ix, s, n);
            case MISH -> mish(x, ix, s, n);
            case SOFTPLUS -> VectorMath.sigmoid(x, ix, s, 0, n);
            case ELU -> elu(x, ix, y, iy, p, s, n);
            case LEAKY_RELU -> positive(x, ix, p, s, n);
            case CLAMP -> clamp(x, ix, p, q, s, n);
            case STEP -> Arrays.fill(s, 0, n, 0);
            case AFFINE -> Arrays.fill(s, 0, n, p);
        }
    }

    /** Whether slope and value share most of their arithmetic, so that a slope is cheaper kept from when the value was computed than computed from x. */
    static boolean sharesWithValue(Unary f) {
        return switch (f.function()) {
            case GELU, GELU_TANH, SILU -> true;
            default -> false;
        };
    }

    /** Both, y = f(x) and s = f'(x), with the bits of each alone; y is not x. */
    static void withValue(Unary f, float[] x, int ix, float[] y, int iy, float[] s, int n) {
        float[] t = Scratch.mine().block(2);
        switch (f.function()) {
            case GELU -> {
                VectorMath.bell(x, ix, t, 0, n);
                VectorMath.normalCdf(x, ix, t, 0, s, 0, n);
                UnaryValue.product(x, ix, s, 0, y, iy, n);
                geluOfCdf(x, ix, t, s, n);
            }
            case GELU_TANH -> {
                UnaryValue.geluTanh(x, ix, s, 0, n);
                UnaryValue.affine(s, 0, 0.5f, 0.5f, t, 0, n);
                UnaryValue.product(x, ix, t, 0, y, iy, n);
                geluTanhOfTanh(x, ix, s, n);
            }
            case SILU -> {
                VectorMath.sigmoid(x, ix, s, 0, n);
                UnaryValue.product(x, ix, s, 0, y, iy, n);
                siluOfSigmoid(x, ix, s, n);
            }
            default -> {
                UnaryValue.apply(f, x, ix, y, iy, n);
                apply(f, x, ix, y, iy, s, n);
            }
        }
    }

    private static void rsqrt(float[] x, int ix, float[] y, int iy, float[] s, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, y, iy + i).div(fromArray(F, x, ix + i)).mul(-0.5f).intoArray(s, i);
    }

    private static void sign(float[] x, int ix, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            zero(F).blend(1f, v.compare(GT, 0f)).blend(-1f, v.compare(LT, 0f)).intoArray(s, i);
        }
    }

    /** y (1 - y). */
    private static void sigmoid(float[] y, int iy, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, y, iy + i);
            v.mul(broadcast(F, 1f).sub(v)).intoArray(s, i);
        }
    }

    /** 1 - y². */
    private static void tanh(float[] y, int iy, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, y, iy + i);
            broadcast(F, 1f).sub(v.mul(v)).intoArray(s, i);
        }
    }

    /** 1 where x is positive, else {@code other}. */
    private static void positive(float[] x, int ix, float other, float[] s, int n) {
        for (int i = 0; i < n; i += L) broadcast(F, other).blend(1f, fromArray(F, x, ix + i).compare(GT, 0f)).intoArray(s, i);
    }

    /** Phi(x) + x phi(x). */
    private static void gelu(float[] x, int ix, float[] s, int n) {
        float[] bell = Scratch.mine().block(2);
        VectorMath.bell(x, ix, bell, 0, n);
        VectorMath.normalCdf(x, ix, bell, 0, s, 0, n);
        geluOfCdf(x, ix, bell, s, n);
    }

    private static void geluOfCdf(float[] x, int ix, float[] bell, float[] s, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).mul(INV_SQRT_2PI).fma(fromArray(F, bell, i), fromArray(F, s, i)).intoArray(s, i);
    }

    /** (1 + t)/2 + x (1 - t²) u'(x)/2 with t = tanh u(x). */
    private static void geluTanh(float[] x, int ix, float[] s, int n) {
        UnaryValue.geluTanh(x, ix, s, 0, n);
        geluTanhOfTanh(x, ix, s, n);
    }

    private static void geluTanhOfTanh(float[] x, int ix, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector t = fromArray(F, s, i);
            FloatVector v = fromArray(F, x, ix + i);
            FloatVector inner = v.mul(v).fma(broadcast(F, 3 * GELU_CUBIC * GELU_SCALE), broadcast(F, GELU_SCALE));
            broadcast(F, 1f).sub(t.mul(t)).mul(v).fma(inner, t.add(1f)).mul(0.5f).intoArray(s, i);
        }
    }

    /** sigma (1 + x (1 - sigma)). */
    private static void silu(float[] x, int ix, float[] s, int n) {
        VectorMath.sigmoid(x, ix, s, 0, n);
        siluOfSigmoid(x, ix, s, n);
    }

    private static void siluOfSigmoid(float[] x, int ix, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, s, i);
            fromArray(F, x, ix + i).fma(broadcast(F, 1f).sub(v), broadcast(F, 1f)).mul(v).intoArray(s, i);
        }
    }

    /** t + x (1 - t²) sigma(x) with t = tanh(softplus x). */
    private static void mish(float[] x, int ix, float[] s, int n) {
        float[] sigma = Scratch.mine().block(2);
        VectorMath.sigmoid(x, ix, sigma, 0, n);
        VectorMath.softplus(x, ix, 1, s, 0, n);
        VectorMath.tanh(s, 0, s, 0, n);
        for (int i = 0; i < n; i += L) {
            FloatVector t = fromArray(F, s, i);
            broadcast(F, 1f).sub(t.mul(t)).mul(fromArray(F, x, ix + i)).fma(fromArray(F, sigma, i), t).intoArray(s, i);
        }
    }

    private static void elu(float[] x, int ix, float[] y, int iy, float alpha, float[] s, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, y, iy + i).add(alpha).blend(1f, fromArray(F, x, ix + i).compare(GT, 0f)).intoArray(s, i);
    }

    private static void clamp(float[] x, int ix, float low, float high, float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            zero(F).blend(1f, v.compare(GE, low).and(v.compare(LE, high))).intoArray(s, i);
        }
    }
}
