package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.moe4j.backend.Unary;

/** The gradients of the elementwise functions: dx += dy f'(x), where y = f(x). One loop a function, as in {@link UnaryValue}. */
final class UnaryGrad {
    private static final float TWO_BY_SQRT_PI = 1.12837917f;
    private static final float INV_SQRT_2PI = 0.39894228f;

    private UnaryGrad() {}

    /** dx[id..] += dy[idy..] f'(x[ix..]) over n values, a multiple of the vector length. */
    static void apply(Unary f, int n, float[] x, int ix, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        float p = (float) f.p();
        float q = (float) f.q();
        switch (f.function()) {
            case STEP -> { }
            case EXP -> exp(n, y, iy, dy, id, dx, to);
            case EXPM1 -> expm1(n, y, iy, dy, id, dx, to);
            case LOG -> log(n, x, ix, dy, id, dx, to);
            case LOG1P -> log1p(n, x, ix, dy, id, dx, to);
            case SQRT -> sqrt(n, y, iy, dy, id, dx, to);
            case RSQRT -> rsqrt(n, x, ix, y, iy, dy, id, dx, to);
            case RECIPROCAL -> reciprocal(n, y, iy, dy, id, dx, to);
            case SQUARE -> square(n, x, ix, dy, id, dx, to);
            case ABS -> abs(n, x, ix, dy, id, dx, to);
            case SIN -> sin(n, x, ix, dy, id, dx, to);
            case COS -> cos(n, x, ix, dy, id, dx, to);
            case ERF -> erf(n, x, ix, dy, id, dx, to);
            case NORMAL_CDF -> normalCdf(n, x, ix, dy, id, dx, to);
            case SIGMOID -> sigmoid(n, y, iy, dy, id, dx, to);
            case LOG_SIGMOID -> logSigmoid(n, x, ix, dy, id, dx, to);
            case TANH -> tanh(n, y, iy, dy, id, dx, to);
            case RELU -> relu(n, x, ix, dy, id, dx, to);
            case RELU_SQUARED -> reluSquared(n, x, ix, dy, id, dx, to);
            case GELU -> gelu(n, x, ix, dy, id, dx, to);
            case GELU_TANH -> geluTanh(n, x, ix, dy, id, dx, to);
            case SILU -> silu(n, x, ix, dy, id, dx, to);
            case MISH -> mish(n, x, ix, dy, id, dx, to);
            case SOFTPLUS -> softplus(n, x, ix, dy, id, dx, to);
            case ELU -> elu(n, x, ix, y, iy, dy, id, dx, to, p);
            case LEAKY_RELU -> leakyRelu(n, x, ix, dy, id, dx, to, p);
            case CLAMP -> clamp(n, x, ix, dy, id, dx, to, p, q);
            case POWER -> power(n, x, ix, dy, id, dx, to, p);
            case NEGATE -> affine(n, dy, id, dx, to, -1f);
            case AFFINE -> affine(n, dy, id, dx, to, p);
        }
    }

    private static void add(FloatVector slope, float[] dy, int id, float[] dx, int to) {
        slope.fma(load(dy, id), load(dx, to)).intoArray(dx, to);
    }

    private static void exp(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(load(y, iy + i), dy, id + i, dx, to + i);
    }

    private static void expm1(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(load(y, iy + i).add(1f), dy, id + i, dx, to + i);
    }

    private static void log(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(splat(1f).div(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void log1p(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(splat(1f).div(load(x, ix + i).add(1f)), dy, id + i, dx, to + i);
    }

    private static void sqrt(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(splat(0.5f).div(load(y, iy + i)), dy, id + i, dx, to + i);
    }

    private static void rsqrt(int n, float[] x, int ix, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(load(y, iy + i).div(load(x, ix + i)).mul(-0.5f), dy, id + i, dx, to + i);
    }

    private static void reciprocal(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector w = load(y, iy + i);
            add(w.mul(w).neg(), dy, id + i, dx, to + i);
        }
    }

    private static void square(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(x, ix + i);
            add(v.add(v), dy, id + i, dx, to + i);
        }
    }

    private static void abs(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(sign(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void sin(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(load(x, ix + i).lanewise(VectorOperators.COS), dy, id + i, dx, to + i);
    }

    private static void cos(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(load(x, ix + i).lanewise(VectorOperators.SIN).neg(), dy, id + i, dx, to + i);
    }

    private static void erf(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(x, ix + i);
            add(VectorMath.exp(v.mul(v).neg()).mul(TWO_BY_SQRT_PI), dy, id + i, dx, to + i);
        }
    }

    private static void normalCdf(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(VectorMath.density(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void sigmoid(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector w = load(y, iy + i);
            add(w.mul(splat(1f).sub(w)), dy, id + i, dx, to + i);
        }
    }

    private static void logSigmoid(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(VectorMath.sigmoid(load(x, ix + i).neg()), dy, id + i, dx, to + i);
    }

    private static void tanh(int n, float[] y, int iy, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector w = load(y, iy + i);
            add(splat(1f).sub(w.mul(w)), dy, id + i, dx, to + i);
        }
    }

    private static void relu(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(zero().blend(1f, load(x, ix + i).compare(GT, 0f)), dy, id + i, dx, to + i);
    }

    private static void reluSquared(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(x, ix + i);
            add(zero().blend(v.add(v), v.compare(GT, 0f)), dy, id + i, dx, to + i);
        }
    }

    private static void gelu(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(geluSlope(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void geluTanh(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(geluTanhSlope(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void silu(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(siluSlope(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void mish(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(mishSlope(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void softplus(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to) {
        for (int i = 0; i < n; i += L) add(VectorMath.sigmoid(load(x, ix + i)), dy, id + i, dx, to + i);
    }

    private static void elu(int n, float[] x, int ix, float[] y, int iy, float[] dy, int id, float[] dx, int to, float p) {
        for (int i = 0; i < n; i += L) add(load(y, iy + i).add(p).blend(1f, load(x, ix + i).compare(GT, 0f)), dy, id + i, dx, to + i);
    }

    private static void leakyRelu(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to, float p) {
        for (int i = 0; i < n; i += L) add(splat(p).blend(1f, load(x, ix + i).compare(GT, 0f)), dy, id + i, dx, to + i);
    }

    private static void clamp(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to, float p, float q) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(x, ix + i);
            add(zero().blend(1f, v.compare(GE, p).and(v.compare(LE, q))), dy, id + i, dx, to + i);
        }
    }

    private static void power(int n, float[] x, int ix, float[] dy, int id, float[] dx, int to, float p) {
        for (int i = 0; i < n; i += L) add(load(x, ix + i).lanewise(VectorOperators.POW, p - 1f).mul(p), dy, id + i, dx, to + i);
    }

    private static void affine(int n, float[] dy, int id, float[] dx, int to, float p) {
        for (int i = 0; i < n; i += L) add(splat(p), dy, id + i, dx, to + i);
    }

    private static FloatVector sign(FloatVector x) {
        return zero().blend(1f, x.compare(GT, 0f)).blend(-1f, x.compare(LT, 0f));
    }

    private static FloatVector geluSlope(FloatVector x) {
        FloatVector e = VectorMath.exp(x.mul(x).mul(-0.5f));
        return x.mul(INV_SQRT_2PI).fma(e, VectorMath.normalCdf(x, e));
    }

    private static FloatVector geluTanhSlope(FloatVector x) {
        FloatVector t = VectorMath.geluTanh(x);
        FloatVector side = splat(1f).sub(t.mul(t)).mul(x).mul(VectorMath.geluInnerSlope(x));
        return t.add(1f).add(side).mul(0.5f);
    }

    private static FloatVector siluSlope(FloatVector x) {
        FloatVector s = VectorMath.sigmoid(x);
        return x.mul(splat(1f).sub(s)).add(1f).mul(s);
    }

    private static FloatVector mishSlope(FloatVector x) {
        FloatVector t = VectorMath.tanh(VectorMath.softplus(x));
        return splat(1f).sub(t.mul(t)).mul(x).fma(VectorMath.sigmoid(x), t);
    }
}
