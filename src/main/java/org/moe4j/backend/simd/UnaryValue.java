package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.Unary;

/**
 * The elementwise functions y = f(x) of a block: one small loop each, or passes of {@link VectorMath}, whose errors are stated
 * there; GELU is within 7 ulp above -1 and twice the error of the distribution function below, SiLU within 5.5. Sine, cosine and powers, which models hardly use, are computed one by one in float64: the JDK's vector forms give
 * other bits before a loop is compiled than after. Lengths as in VectorMath; y may be x.
 */
final class UnaryValue {
    private static final float GELU_SCALE = 0.79788456f;
    private static final float GELU_CUBIC = 0.044715f;

    private UnaryValue() {}

    static void apply(Unary f, float[] x, int ix, float[] y, int iy, int n) {
        float p = (float) f.p();
        float q = (float) f.q();
        switch (f.function()) {
            case EXP -> VectorMath.exp(x, ix, 1, 0, y, iy, n);
            case EXPM1 -> VectorMath.expm1(x, ix, y, iy, n);
            case LOG -> VectorMath.log(x, ix, y, iy, n);
            case LOG1P -> VectorMath.log1p(x, ix, y, iy, n);
            case SQRT -> sqrt(x, ix, y, iy, n);
            case RSQRT -> rsqrt(x, ix, y, iy, n);
            case RECIPROCAL -> reciprocal(x, ix, y, iy, n);
            case SQUARE -> product(x, ix, x, ix, y, iy, n);
            case ABS -> abs(x, ix, y, iy, n);
            case NEGATE -> affine(x, ix, -1, 0, y, iy, n);
            case SIN, COS, POWER -> { for (int i = 0; i < n; i++) y[iy + i] = (float) f.value(x[ix + i]); }
            case ERF -> VectorMath.erf(x, ix, y, iy, n);
            case NORMAL_CDF -> normalCdf(x, ix, y, iy, n);
            case SIGMOID -> VectorMath.sigmoid(x, ix, y, iy, n);
            case LOG_SIGMOID -> {
                VectorMath.softplus(x, ix, -1, y, iy, n);
                affine(y, iy, -1, 0, y, iy, n);
            }
            case TANH -> VectorMath.tanh(x, ix, y, iy, n);
            case RELU -> relu(x, ix, y, iy, n);
            case RELU_SQUARED -> reluSquared(x, ix, y, iy, n);
            case GELU -> {
                float[] t = Scratch.mine().block(2);
                normalCdf(x, ix, t, 0, n);
                product(x, ix, t, 0, y, iy, n);
            }
            case GELU_TANH -> {
                float[] t = Scratch.mine().block(2);
                geluTanh(x, ix, t, 0, n);
                affine(t, 0, 0.5f, 0.5f, t, 0, n);
                product(x, ix, t, 0, y, iy, n);
            }
            case SILU -> {
                float[] t = Scratch.mine().block(2);
                VectorMath.sigmoid(x, ix, t, 0, n);
                product(x, ix, t, 0, y, iy, n);
            }
            case MISH -> {
                float[] t = Scratch.mine().block(2);
                VectorMath.softplus(x, ix, 1, t, 0, n);
                VectorMath.tanh(t, 0, t, 0, n);
                product(x, ix, t, 0, y, iy, n);
            }
            case SOFTPLUS -> VectorMath.softplus(x, ix, 1, y, iy, n);
            case ELU -> {
                float[] t = Scratch.mine().block(2);
                VectorMath.expm1(x, ix, t, 0, n);
                affine(t, 0, p, 0, t, 0, n);
                whereNotPositive(x, ix, t, 0, y, iy, n);
            }
            case LEAKY_RELU -> {
                float[] t = Scratch.mine().block(2);
                affine(x, ix, p, 0, t, 0, n);
                whereNotPositive(x, ix, t, 0, y, iy, n);
            }
            case CLAMP -> clamp(x, ix, p, q, y, iy, n);
            case STEP -> step(x, ix, p, q, y, iy, n);
            case AFFINE -> affine(x, ix, p, q, y, iy, n);
        }
    }

    /** y = a x + b. */
    static void affine(float[] x, int ix, float a, float b, float[] y, int iy, int n) {
        FloatVector factor = broadcast(F, a);
        FloatVector shift = broadcast(F, b);
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).fma(factor, shift).intoArray(y, iy + i);
    }

    /** z = x y. */
    static void product(float[] x, int ix, float[] y, int iy, float[] z, int iz, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).mul(fromArray(F, y, iy + i)).intoArray(z, iz + i);
    }

    static void normalCdf(float[] x, int ix, float[] y, int iy, int n) {
        float[] bell = Scratch.mine().block(0);
        VectorMath.bell(x, ix, bell, 0, n);
        VectorMath.normalCdf(x, ix, bell, 0, y, iy, n);
    }

    /** The tanh within the approximate GELU. */
    static void geluTanh(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.mul(v).fma(broadcast(F, GELU_CUBIC), broadcast(F, 1f)).mul(v).mul(GELU_SCALE).intoArray(y, iy + i);
        }
        VectorMath.tanh(y, iy, y, iy, n);
    }

    private static void sqrt(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).sqrt().intoArray(y, iy + i);
    }

    private static void rsqrt(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) broadcast(F, 1f).div(fromArray(F, x, ix + i).sqrt()).intoArray(y, iy + i);
    }

    static void reciprocal(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) broadcast(F, 1f).div(fromArray(F, x, ix + i)).intoArray(y, iy + i);
    }

    private static void abs(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).abs().intoArray(y, iy + i);
    }

    /** max(x, 0), and NaN where x is NaN. */
    static void relu(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.blend(0f, v.compare(LT, 0f)).intoArray(y, iy + i);
        }
    }

    private static void reluSquared(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.mul(v).blend(0f, v.compare(LT, 0f)).intoArray(y, iy + i);
        }
    }

    /** y = x where x is positive, else other. */
    private static void whereNotPositive(float[] x, int ix, float[] other, int io, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.blend(fromArray(F, other, io + i), v.compare(LE, 0f)).intoArray(y, iy + i);
        }
    }

    private static void clamp(float[] x, int ix, float low, float high, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).max(low).min(high).intoArray(y, iy + i);
    }

    private static void step(float[] x, int ix, float threshold, float height, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) zero(F).blend(height, fromArray(F, x, ix + i).compare(GE, threshold)).intoArray(y, iy + i);
    }
}
