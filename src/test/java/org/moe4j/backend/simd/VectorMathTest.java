package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Erf;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Storage;

/** The errors that {@link VectorMath} states, over a fine grid of arguments, and what happens at the ends. */
class VectorMathTest {
    private static final int POINTS = 200_000;

    @Test
    void errorsAreAsStated() {
        assertThat(worstUlps(Unary.EXP, -86.9, 88.7, Math::exp)).isLessThan(1.1);
        assertThat(worstUlps(Unary.EXPM1, -20, 88, Math::expm1)).isLessThan(2);
        assertThat(worstUlps(Unary.EXPM1, -0.01, 0.01, Math::expm1)).isLessThan(2);
        assertThat(worstUlps(Unary.LOG, 1e-3, 4, Math::log)).isLessThan(1);
        assertThat(worstUlps(Unary.LOG, 1e-30, 1e30, Math::log)).isLessThan(1);
        assertThat(worstUlps(Unary.LOG1P, -0.99, 3, Math::log1p)).isLessThan(2);
        assertThat(worstUlps(Unary.TANH, -11, 11, Math::tanh)).isLessThan(3);
        assertThat(worstUlps(Unary.SIGMOID, -80, 80, x -> Unary.SIGMOID.value(x))).isLessThan(2.5);
        assertThat(worstUlps(Unary.SOFTPLUS, -80, 80, x -> Unary.SOFTPLUS.value(x))).isLessThan(2.5);
        assertThat(worstUlps(Unary.ERF, -5, 5, Erf::erf)).isLessThan(3);
        assertThat(worstUlps(Unary.NORMAL_CDF, -1, 6, Erf::normalCdf)).isLessThan(7);
        assertThat(worstUlps(Unary.NORMAL_CDF, -5, -1, Erf::normalCdf)).isLessThan(14);
        assertThat(worstUlps(Unary.GELU, -1, 6, x -> x * Erf.normalCdf(x))).isLessThan(7);
        assertThat(worstUlps(Unary.GELU, -5, -1, x -> x * Erf.normalCdf(x))).isLessThan(28.5);
        assertThat(worstUlps(Unary.SILU, -80, 80, x -> x * Unary.SIGMOID.value(x))).isLessThan(5.5);
    }

    @Test
    void endsOfTheRange() {
        float inf = Float.POSITIVE_INFINITY;
        assertThat(values(Unary.EXP, -inf, -100, 88.75f, inf, Float.NaN, 0)).containsExactly(0, 0, inf, inf, Float.NaN, 1);
        assertThat(values(Unary.LOG, 0, -1, inf, Float.NaN, 1, -inf)).containsExactly(-inf, Float.NaN, inf, Float.NaN, 0, Float.NaN);
        assertThat(values(Unary.EXPM1, -inf, inf, Float.NaN, 0)).containsExactly(-1, inf, Float.NaN, 0);
        assertThat(values(Unary.LOG1P, -1, inf, Float.NaN, 0, -2)).containsExactly(-inf, inf, Float.NaN, 0, Float.NaN);
        assertThat(values(Unary.TANH, -inf, inf, Float.NaN, 0)).containsExactly(-1, 1, Float.NaN, 0);
        assertThat(values(Unary.SIGMOID, -inf, inf, Float.NaN, 0)).containsExactly(0, 1, Float.NaN, 0.5f);
        assertThat(values(Unary.SOFTPLUS, -inf, inf, Float.NaN, 200)).containsExactly(0, inf, Float.NaN, 200);
        assertThat(values(Unary.ERF, -inf, inf, Float.NaN, 0)).containsExactly(-1, 1, Float.NaN, 0);
        assertThat(values(Unary.GELU, 100, -100, 0, Float.NaN)).containsExactly(100, -0f, 0, Float.NaN);
        assertThat(values(Unary.RELU, -1, 2, inf, Float.NaN)).containsExactly(0, 2, inf, Float.NaN);
    }

    private static float[] values(Unary f, float... x) {
        try (Backend on = new SimdBackend(1)) {
            Storage in = on.allocate(x.length);
            in.write(0, x);
            on.unary(f, in, in);
            float[] y = new float[x.length];
            in.read(0, y);
            return y;
        }
    }

    /** The largest error in units in the last place of the true value. */
    private static double worstUlps(Unary f, double low, double high, DoubleUnaryOperator truth) {
        float[] x = new float[POINTS];
        for (int i = 0; i < POINTS; i++) {
            double at = i / (double) (POINTS - 1);
            x[i] = (float) (low > 0 && high / low > 1e6 ? low * Math.pow(high / low, at) : low + (high - low) * at);
        }
        float[] y = values(f, x);
        double worst = 0;
        for (int i = 0; i < POINTS; i++) {
            double wanted = truth.applyAsDouble(x[i]);
            double ulp = Math.max(Math.ulp((float) wanted), Math.ulp(Float.MIN_NORMAL));
            worst = Math.max(worst, Math.abs(y[i] - wanted) / ulp);
        }
        return worst;
    }
}
