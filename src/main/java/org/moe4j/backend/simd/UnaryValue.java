package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.moe4j.backend.Unary;

/**
 * The elementwise functions: y = f(x). One small loop a function, because a loop that called a function object for each
 * vector would put the vectors on the heap. Errors are those of {@link VectorMath}; sine, cosine and powers are the JDK's
 * (1 to 2 ulp, not necessarily the same bits on another kind of machine).
 */
final class UnaryValue {
    private UnaryValue() {}

    /** y[j..] = f(x[i..to)), where to - i is a multiple of the vector length. */
    static void apply(Unary f, float[] x, int i, int to, float[] y, int j) {
        float p = (float) f.p();
        float q = (float) f.q();
        switch (f.function()) {
            case EXP -> exp(x, i, to, y, j);
            case EXPM1 -> expm1(x, i, to, y, j);
            case LOG -> log(x, i, to, y, j);
            case LOG1P -> log1p(x, i, to, y, j);
            case SQRT -> sqrt(x, i, to, y, j);
            case RSQRT -> rsqrt(x, i, to, y, j);
            case RECIPROCAL -> reciprocal(x, i, to, y, j);
            case SQUARE -> square(x, i, to, y, j);
            case ABS -> abs(x, i, to, y, j);
            case SIN -> sin(x, i, to, y, j);
            case COS -> cos(x, i, to, y, j);
            case ERF -> erf(x, i, to, y, j);
            case NORMAL_CDF -> normalCdf(x, i, to, y, j);
            case SIGMOID -> sigmoid(x, i, to, y, j);
            case LOG_SIGMOID -> logSigmoid(x, i, to, y, j);
            case TANH -> tanh(x, i, to, y, j);
            case RELU -> relu(x, i, to, y, j);
            case RELU_SQUARED -> reluSquared(x, i, to, y, j);
            case GELU -> gelu(x, i, to, y, j);
            case GELU_TANH -> geluTanh(x, i, to, y, j);
            case SILU -> silu(x, i, to, y, j);
            case MISH -> mish(x, i, to, y, j);
            case SOFTPLUS -> softplus(x, i, to, y, j);
            case ELU -> elu(x, i, to, y, j, p);
            case LEAKY_RELU -> leakyRelu(x, i, to, y, j, p);
            case CLAMP -> clamp(x, i, to, y, j, p, q);
            case POWER -> power(x, i, to, y, j, p);
            case STEP -> step(x, i, to, y, j, p, q);
            case NEGATE -> affine(x, i, to, y, j, -1f, 0f);
            case AFFINE -> affine(x, i, to, y, j, p, q);
        }
    }

    /** max(x, 0), and NaN where x is NaN. */
    private static FloatVector positive(FloatVector x) {
        return x.blend(0f, x.compare(LT, 0f));
    }

    private static void exp(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.exp(load(x, i)).intoArray(y, j);
    }

    private static void expm1(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.expm1(load(x, i)).intoArray(y, j);
    }

    private static void log(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.log(load(x, i)).intoArray(y, j);
    }

    private static void log1p(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.log1p(load(x, i)).intoArray(y, j);
    }

    private static void sqrt(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) load(x, i).sqrt().intoArray(y, j);
    }

    private static void rsqrt(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) splat(1f).div(load(x, i).sqrt()).intoArray(y, j);
    }

    private static void reciprocal(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) splat(1f).div(load(x, i)).intoArray(y, j);
    }

    private static void square(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.mul(v).intoArray(y, j);
        }
    }

    private static void abs(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) load(x, i).abs().intoArray(y, j);
    }

    private static void sin(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) load(x, i).lanewise(VectorOperators.SIN).intoArray(y, j);
    }

    private static void cos(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) load(x, i).lanewise(VectorOperators.COS).intoArray(y, j);
    }

    private static void erf(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.erf(load(x, i)).intoArray(y, j);
    }

    private static void normalCdf(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.normalCdf(load(x, i)).intoArray(y, j);
    }

    private static void sigmoid(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.sigmoid(load(x, i)).intoArray(y, j);
    }

    private static void logSigmoid(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.softplus(load(x, i).neg()).neg().intoArray(y, j);
    }

    private static void tanh(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.tanh(load(x, i)).intoArray(y, j);
    }

    private static void relu(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) positive(load(x, i)).intoArray(y, j);
    }

    private static void reluSquared(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = positive(load(x, i));
            v.mul(v).intoArray(y, j);
        }
    }

    private static void gelu(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.mul(VectorMath.normalCdf(v)).intoArray(y, j);
        }
    }

    private static void geluTanh(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            VectorMath.geluTanh(v).add(1f).mul(v.mul(0.5f)).intoArray(y, j);
        }
    }

    private static void silu(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.mul(VectorMath.sigmoid(v)).intoArray(y, j);
        }
    }

    private static void mish(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.mul(VectorMath.tanh(VectorMath.softplus(v))).intoArray(y, j);
        }
    }

    private static void softplus(float[] x, int i, int to, float[] y, int j) {
        for (; i < to; i += L, j += L) VectorMath.softplus(load(x, i)).intoArray(y, j);
    }

    private static void elu(float[] x, int i, int to, float[] y, int j, float p) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.blend(VectorMath.expm1(v).mul(p), v.compare(LE, 0f)).intoArray(y, j);
        }
    }

    private static void leakyRelu(float[] x, int i, int to, float[] y, int j, float p) {
        for (; i < to; i += L, j += L) {
            FloatVector v = load(x, i);
            v.blend(v.mul(p), v.compare(LE, 0f)).intoArray(y, j);
        }
    }

    private static void clamp(float[] x, int i, int to, float[] y, int j, float p, float q) {
        for (; i < to; i += L, j += L) load(x, i).max(p).min(q).intoArray(y, j);
    }

    private static void power(float[] x, int i, int to, float[] y, int j, float p) {
        for (; i < to; i += L, j += L) load(x, i).lanewise(VectorOperators.POW, p).intoArray(y, j);
    }

    private static void step(float[] x, int i, int to, float[] y, int j, float p, float q) {
        for (; i < to; i += L, j += L) zero().blend(q, load(x, i).compare(GE, p)).intoArray(y, j);
    }

    private static void affine(float[] x, int i, int to, float[] y, int j, float p, float q) {
        for (; i < to; i += L, j += L) load(x, i).fma(splat(p), splat(q)).intoArray(y, j);
    }
}
