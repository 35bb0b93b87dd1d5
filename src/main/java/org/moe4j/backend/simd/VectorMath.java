package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.splat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * Transcendental functions of a vector, from own polynomials (minimax fits of the reduced functions), so that every width
 * and every machine with fused multiply-add gives the same bits. Errors are in units in the last place of the true result,
 * measured over the range of float32 by {@code VectorMathTest}.
 */
final class VectorMath {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f; // exact in 10 bits: n * LN2_HIGH is exact
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5·2^23 rounds to an integer, which then stands in the low bits. */
    private static final float ROUND = 12582912f;
    private static final float LOWEST = -86.98f; // from here on 2^(n-1) is a normal number
    private static final float HIGHEST = 88.72283f;
    private static final float INV_SQRT_2PI = 0.39894228f;
    private static final float SQRT_2 = 1.41421356f;
    private static final float GELU_SCALE = 0.79788456f;
    private static final float GELU_CUBIC = 0.044715f;

    private VectorMath() {}

    /** e^x within 1.1 ulp; 0 below -86.98, where it is under 1.7e-38. */
    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(splat(LOG2_E), splat(ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(splat(-LN2_LOW), n.fma(splat(-LN2_HIGH), x));
        // twice e^r by 2^(n-1): n may be 128, whose power of two is no float
        FloatVector twice = reduced(r).fma(splat(2f), splat(2f));
        FloatVector y = twice.mul(powerOfTwo(shifted, 126));
        return y.blend(0f, x.compare(LT, LOWEST)).blend(Float.POSITIVE_INFINITY, x.compare(GT, HIGHEST));
    }

    /** e^x - 1 within 2 ulp, near 0 too. */
    static FloatVector expm1(FloatVector x) {
        FloatVector kept = x.blend(-20f, x.compare(LT, -20f)).blend(88f, x.compare(GT, 88f));
        FloatVector shifted = kept.fma(splat(LOG2_E), splat(ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(splat(-LN2_LOW), n.fma(splat(-LN2_HIGH), kept));
        FloatVector scale = powerOfTwo(shifted, 127);
        FloatVector y = reduced(r).fma(scale, scale.sub(1f));
        return y.blend(Float.POSITIVE_INFINITY, x.compare(GT, HIGHEST));
    }

    /** e^r - 1 for |r| ≤ ln 2 / 2. */
    private static FloatVector reduced(FloatVector r) {
        FloatVector q = r.fma(splat(1.394655189e-03f), splat(8.366644081e-03f));
        q = q.fma(r, splat(4.166628066e-02f));
        q = q.fma(r, splat(1.666654254e-01f));
        q = q.fma(r, splat(0.5f));
        return q.mul(r).fma(r, r);
    }

    /** 2^(n + bias - 127), where n is in the low bits of {@code shifted}. */
    private static FloatVector powerOfTwo(FloatVector shifted, int bias) {
        return shifted.reinterpretAsInts().lanewise(LSHL, 23).add(bias << 23).reinterpretAsFloats();
    }

    /** ln x within 1 ulp; NaN below 0, -infinity at 0 and for numbers too small to be normal. */
    static FloatVector log(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        // the exponent that leaves a mantissa within sqrt(1/2) .. sqrt(2)
        IntVector exponent = bits.sub(0x3f3504f3).lanewise(ASHR, 23);
        FloatVector f = bits.sub(exponent.lanewise(LSHL, 23)).reinterpretAsFloats().sub(1f);
        FloatVector n = exponent.add(0x4b400000).reinterpretAsFloats().sub(ROUND);
        FloatVector q = f.fma(splat(-7.859545775e-02f), splat(1.288162236e-01f));
        q = q.fma(f, splat(-1.312876765e-01f));
        q = q.fma(f, splat(1.418119612e-01f));
        q = q.fma(f, splat(-1.662455314e-01f));
        q = q.fma(f, splat(2.000228608e-01f));
        q = q.fma(f, splat(-2.500081043e-01f));
        q = q.fma(f, splat(3.333331673e-01f));
        FloatVector square = f.mul(f);
        FloatVector small = q.mul(f).fma(square, n.mul(splat(LN2_LOW))).sub(square.mul(0.5f));
        FloatVector y = n.fma(splat(LN2_HIGH), small.add(f));
        VectorMask<Float> tiny = x.compare(LT, Float.MIN_NORMAL);
        VectorMask<Float> finite = x.compare(LT, Float.POSITIVE_INFINITY);
        // infinity stays, NaN stays; what is neither above 0 nor NaN is -infinity or NaN
        return x.blend(y, finite).blend(Float.NEGATIVE_INFINITY, tiny).blend(Float.NaN, x.compare(LT, 0f));
    }

    /** ln(1 + x) within 2 ulp for x > -1. */
    static FloatVector log1p(FloatVector x) {
        FloatVector u = x.add(1f);
        // what rounding 1 + x lost, put back to first order
        FloatVector y = x.sub(u.sub(1f)).div(u).add(log(u));
        return y.blend(u, u.compare(GT, 3e38f)).blend(Float.NEGATIVE_INFINITY, u.eq(0f));
    }

    /** tanh x within 3 ulp. */
    static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector e = expm1(a.blend(10f, a.compare(GT, 10f)).mul(2f)); // 1 to the last bit from 9.02 on
        return copySign(e.div(e.add(2f)), x);
    }

    /** 1/(1 + e^-x) within 2.5 ulp; 0 below -86.98. */
    static FloatVector sigmoid(FloatVector x) {
        return splat(1f).div(exp(x.neg()).add(1f));
    }

    /** ln(1 + e^x) within 2.5 ulp; 0 below -86.98. */
    static FloatVector softplus(FloatVector x) {
        FloatVector t = log1p(exp(x.abs().neg()));
        return x.blend(0f, x.compare(LT, 0f)).add(t);
    }

    /** The standard normal density within 2 ulp near 0, x² ulp far out. */
    static FloatVector density(FloatVector x) {
        return exp(x.mul(x).mul(-0.5f)).mul(INV_SQRT_2PI);
    }

    /** The normal distribution function within 7 ulp above -1, x² ulp in the lower tail. */
    static FloatVector normalCdf(FloatVector x) {
        return normalCdf(x, exp(x.mul(x).mul(-0.5f)));
    }

    /** The same where {@code e} = exp(-x²/2) is known: e times a polynomial in t = 1/(1 + 0.3 |x|) is the smaller tail. */
    static FloatVector normalCdf(FloatVector x, FloatVector e) {
        FloatVector t = splat(1f).div(x.abs().fma(splat(0.3f), splat(1f)));
        FloatVector q = t.fma(splat(-1.984193397e-02f), splat(1.078359611e-01f));
        q = q.fma(t, splat(-2.163442667e-01f));
        q = q.fma(t, splat(1.741346188e-01f));
        q = q.fma(t, splat(-6.270877096e-02f));
        q = q.fma(t, splat(8.564525660e-02f));
        q = q.fma(t, splat(8.282633108e-02f));
        q = q.fma(t, splat(1.089967688e-01f));
        q = q.fma(t, splat(1.197903681e-01f));
        q = q.fma(t, splat(1.196647096e-01f));
        q = q.fma(t, splat(9.561356626e-07f));
        FloatVector tail = q.mul(e);
        return tail.blend(splat(1f).sub(tail), x.compare(GT, 0f));
    }

    /** erf x within 3 ulp. */
    static FloatVector erf(FloatVector x) {
        FloatVector square = x.mul(x);
        FloatVector q = square.fma(splat(7.889119518e-05f), splat(-8.020841276e-04f));
        q = q.fma(square, splat(5.189535339e-03f));
        q = q.fma(square, splat(-2.685444459e-02f));
        q = q.fma(square, splat(1.128360018e-01f));
        q = q.fma(square, splat(-3.761262714e-01f));
        q = q.fma(square, splat(1.128379166e+00f));
        FloatVector a = x.abs().mul(SQRT_2);
        FloatVector far = copySign(normalCdf(a, exp(square.neg())).mul(2f).sub(1f), x);
        return q.mul(x).blend(far, a.compare(GT, SQRT_2));
    }

    /** tanh of the inner polynomial of the approximate GELU. */
    static FloatVector geluTanh(FloatVector x) {
        return tanh(x.mul(x).fma(splat(GELU_CUBIC), splat(1f)).mul(x).mul(GELU_SCALE));
    }

    /** The derivative of the inner polynomial of the approximate GELU. */
    static FloatVector geluInnerSlope(FloatVector x) {
        return x.mul(x).fma(splat(3 * GELU_CUBIC * GELU_SCALE), splat(GELU_SCALE));
    }

    private static FloatVector copySign(FloatVector magnitude, FloatVector sign) {
        return magnitude.reinterpretAsInts().or(sign.reinterpretAsInts().and(Integer.MIN_VALUE)).reinterpretAsFloats();
    }
}
