package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * Transcendental functions of blocks of values, from own polynomials (minimax fits of the reduced functions), so that every
 * width and every machine with fused multiply-add gives the same bits. Errors are in units in the last place of the true
 * result, measured over the range of float32 by {@code VectorMathTest}.
 *
 * <p>A function is one or more passes over a block that stays in the first-level cache. Methods from vector to vector would
 * read better, but whether the compiler inlines them depends on the order in which it meets them, and one that it doesn't
 * inline passes its vectors through the heap (measured: 10 to 30 times slower). For the same reason loops call the Vector API
 * itself and no helpers of ours. All lengths are multiples of the vector length
 * and, but for {@link #exp}, at most {@link #BLOCK}; y may be x.
 */
final class VectorMath {
    /** The most values that a function takes at once. */
    static final int BLOCK = 512;

    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f; // exact in 10 bits: n * LN2_HIGH is exact
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5·2^23 rounds to an integer, which then stands in the low bits. */
    private static final float ROUND = 12582912f;
    private static final float LOWEST = -86.98f; // from here on 2^(n-1) is a normal number
    private static final float HIGHEST = 88.72283f;
    private static final float SQRT_2 = 1.41421356f;

    private VectorMath() {}

    /** y = e^(scale x + shift) within 1.1 ulp; 0 where the exponent is below -86.98 and y would be under 1.7e-38. */
    static void exp(float[] x, int ix, float scale, float shift, float[] y, int iy, int n) {
        FloatVector a = broadcast(F, scale);
        FloatVector b = broadcast(F, shift);
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i).fma(a, b);
            FloatVector shifted = v.fma(broadcast(F, LOG2_E), broadcast(F, ROUND));
            FloatVector k = shifted.sub(ROUND);
            FloatVector r = k.fma(broadcast(F, -LN2_LOW), k.fma(broadcast(F, -LN2_HIGH), v));
            FloatVector q = r.fma(broadcast(F, 1.394655189e-03f), broadcast(F, 8.366644081e-03f));
            q = q.fma(r, broadcast(F, 4.166628066e-02f));
            q = q.fma(r, broadcast(F, 1.666654254e-01f));
            q = q.fma(r, broadcast(F, 0.5f));
            q = q.mul(r).fma(r, r); // e^r - 1
            // twice e^r by 2^(k-1): k may be 128, whose power of two is no float
            FloatVector power = shifted.reinterpretAsInts().lanewise(LSHL, 23).add(126 << 23).reinterpretAsFloats();
            q = q.fma(broadcast(F, 2f), broadcast(F, 2f)).mul(power);
            q.blend(0f, v.compare(LT, LOWEST)).blend(Float.POSITIVE_INFINITY, v.compare(GT, HIGHEST)).intoArray(y, iy + i);
        }
    }

    /** y = e^x - 1 within 2 ulp, near 0 too. */
    static void expm1(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            FloatVector kept = v.blend(-20f, v.compare(LT, -20f)).blend(88f, v.compare(GT, 88f));
            FloatVector shifted = kept.fma(broadcast(F, LOG2_E), broadcast(F, ROUND));
            FloatVector k = shifted.sub(ROUND);
            FloatVector r = k.fma(broadcast(F, -LN2_LOW), k.fma(broadcast(F, -LN2_HIGH), kept));
            FloatVector q = r.fma(broadcast(F, 1.394655189e-03f), broadcast(F, 8.366644081e-03f));
            q = q.fma(r, broadcast(F, 4.166628066e-02f));
            q = q.fma(r, broadcast(F, 1.666654254e-01f));
            q = q.fma(r, broadcast(F, 0.5f));
            q = q.mul(r).fma(r, r);
            FloatVector power = shifted.reinterpretAsInts().lanewise(LSHL, 23).add(127 << 23).reinterpretAsFloats();
            q = q.fma(power, power.sub(1f));
            q.blend(Float.POSITIVE_INFINITY, v.compare(GT, HIGHEST)).intoArray(y, iy + i);
        }
    }

    /** y = ln x within 1 ulp; NaN below 0, -infinity at 0 and for numbers too small to be normal. */
    static void log(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            IntVector bits = v.reinterpretAsInts();
            // the exponent that leaves a mantissa within sqrt(1/2) .. sqrt(2)
            IntVector exponent = bits.sub(0x3f3504f3).lanewise(ASHR, 23);
            FloatVector f = bits.sub(exponent.lanewise(LSHL, 23)).reinterpretAsFloats().sub(1f);
            FloatVector k = exponent.add(0x4b400000).reinterpretAsFloats().sub(ROUND);
            FloatVector q = f.fma(broadcast(F, -7.859545775e-02f), broadcast(F, 1.288162236e-01f));
            q = q.fma(f, broadcast(F, -1.312876765e-01f));
            q = q.fma(f, broadcast(F, 1.418119612e-01f));
            q = q.fma(f, broadcast(F, -1.662455314e-01f));
            q = q.fma(f, broadcast(F, 2.000228608e-01f));
            q = q.fma(f, broadcast(F, -2.500081043e-01f));
            q = q.fma(f, broadcast(F, 3.333331673e-01f));
            FloatVector square = f.mul(f);
            FloatVector small = q.mul(f).fma(square, k.mul(LN2_LOW)).sub(square.mul(0.5f));
            FloatVector sum = k.fma(broadcast(F, LN2_HIGH), small.add(f));
            VectorMask<Float> finite = v.compare(LT, Float.POSITIVE_INFINITY); // infinity and NaN stay what they are
            v.blend(sum, finite).blend(Float.NEGATIVE_INFINITY, v.compare(LT, Float.MIN_NORMAL)).blend(Float.NaN, v.compare(LT, 0f))
                    .intoArray(y, iy + i);
        }
    }

    /** y = ln(1 + x) within 2 ulp. */
    static void log1p(float[] x, int ix, float[] y, int iy, int n) {
        float[] logs = Scratch.mine().block(0);
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).add(1f).intoArray(logs, i);
        log(logs, 0, logs, 0, n);
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            FloatVector u = v.add(1f);
            // what rounding 1 + x lost, put back to first order
            FloatVector sum = v.sub(u.sub(1f)).div(u).add(fromArray(F, logs, i));
            sum.blend(u, u.compare(GT, 3e38f)).blend(Float.NEGATIVE_INFINITY, u.eq(0f)).intoArray(y, iy + i);
        }
    }

    /** y = tanh x within 3 ulp. */
    static void tanh(float[] x, int ix, float[] y, int iy, int n) {
        float[] e = Scratch.mine().block(0);
        for (int i = 0; i < n; i += L) {
            FloatVector a = fromArray(F, x, ix + i).abs();
            a.add(a).blend(20f, a.compare(GT, 10f)).intoArray(e, i); // tanh is 1 to the last bit from 9.02 on
        }
        expm1(e, 0, e, 0, n);
        for (int i = 0; i < n; i += L) {
            IntVector sign = fromArray(F, x, ix + i).reinterpretAsInts().and(Integer.MIN_VALUE);
            FloatVector v = fromArray(F, e, i);
            v.div(v.add(2f)).reinterpretAsInts().or(sign).reinterpretAsFloats().intoArray(y, iy + i);
        }
    }

    /** y = 1/(1 + e^-x) within 2.5 ulp; 0 below -88.7. */
    static void sigmoid(float[] x, int ix, float[] y, int iy, int n) {
        exp(x, ix, -1, 0, y, iy, n);
        for (int i = 0; i < n; i += L) broadcast(F, 1f).div(fromArray(F, y, iy + i).add(1f)).intoArray(y, iy + i);
    }

    /** y = ln(1 + e^(sign x)) within 2.5 ulp, sign ±1; 0 below -86.98. */
    static void softplus(float[] x, int ix, float sign, float[] y, int iy, int n) {
        float[] t = Scratch.mine().block(1);
        for (int i = 0; i < n; i += L) fromArray(F, x, ix + i).abs().intoArray(t, i);
        exp(t, 0, -1, 0, t, 0, n);
        log1p(t, 0, t, 0, n);
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i).mul(sign);
            v.blend(0f, v.compare(LT, 0f)).add(fromArray(F, t, i)).intoArray(y, iy + i);
        }
    }

    /** y = exp(-x²/2), within 2 ulp near 0 and x² ulp far out. */
    static void bell(float[] x, int ix, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.mul(v).intoArray(y, iy + i);
        }
        exp(y, iy, -0.5f, 0, y, iy, n);
    }

    /**
     * y = the normal distribution function of x, given bell = exp(-x²/2), within 7 ulp above -1 and x² ulp in the lower tail: the
     * smaller tail is the bell times a polynomial in t = 1/(1 + 0.3 |x|).
     */
    static void normalCdf(float[] x, int ix, float[] bell, int ib, float[] y, int iy, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            FloatVector t = broadcast(F, 1f).div(v.abs().fma(broadcast(F, 0.3f), broadcast(F, 1f)));
            FloatVector q = t.fma(broadcast(F, -1.984193397e-02f), broadcast(F, 1.078359611e-01f));
            q = q.fma(t, broadcast(F, -2.163442667e-01f));
            q = q.fma(t, broadcast(F, 1.741346188e-01f));
            q = q.fma(t, broadcast(F, -6.270877096e-02f));
            q = q.fma(t, broadcast(F, 8.564525660e-02f));
            q = q.fma(t, broadcast(F, 8.282633108e-02f));
            q = q.fma(t, broadcast(F, 1.089967688e-01f));
            q = q.fma(t, broadcast(F, 1.197903681e-01f));
            q = q.fma(t, broadcast(F, 1.196647096e-01f));
            q = q.fma(t, broadcast(F, 9.561356626e-07f));
            q = q.mul(fromArray(F, bell, ib + i));
            q.blend(broadcast(F, 1f).sub(q), v.compare(GT, 0f)).intoArray(y, iy + i);
        }
    }

    /** y = erf x within 3 ulp: a polynomial within 1, 2 Phi(x sqrt 2) - 1 outside. */
    static void erf(float[] x, int ix, float[] y, int iy, int n) {
        float[] bell = Scratch.mine().block(0);
        float[] far = Scratch.mine().block(1);
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            v.mul(SQRT_2).intoArray(far, i);
            v.mul(v).intoArray(bell, i);
        }
        exp(bell, 0, -1, 0, bell, 0, n);
        normalCdf(far, 0, bell, 0, far, 0, n);
        for (int i = 0; i < n; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            FloatVector square = v.mul(v);
            FloatVector q = square.fma(broadcast(F, 7.889119518e-05f), broadcast(F, -8.020841276e-04f));
            q = q.fma(square, broadcast(F, 5.189535339e-03f));
            q = q.fma(square, broadcast(F, -2.685444459e-02f));
            q = q.fma(square, broadcast(F, 1.128360018e-01f));
            q = q.fma(square, broadcast(F, -3.761262714e-01f));
            q = q.fma(square, broadcast(F, 1.128379166e+00f));
            FloatVector f = fromArray(F, far, i);
            q.mul(v).blend(f.add(f).sub(1f), square.compare(GT, 1f)).intoArray(y, iy + i);
        }
    }
}
