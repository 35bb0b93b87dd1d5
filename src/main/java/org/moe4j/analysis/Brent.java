package org.moe4j.analysis;

import java.util.function.DoubleUnaryOperator;

/** Minimum of a function of one variable between two bounds, by Brent's method (1973, chapter 5): parabolas, golden sections where they fail. */
final class Brent {
    private static final double GOLDEN = (3 - Math.sqrt(5)) / 2;
    private static final int MOST_STEPS = 200;

    private Brent() {}

    /** Where f is least in [low, high], to {@code tolerance}; f has one minimum there. */
    static double minimum(DoubleUnaryOperator f, double low, double high, double tolerance) {
        double a = low;
        double b = high;
        double x = a + GOLDEN * (b - a);                       // best so far
        double w = x;                                          // second best
        double v = x;                                          // the w before
        double fx = f.applyAsDouble(x);
        double fw = fx;
        double fv = fx;
        double step = 0;
        double before = 0;                                     // the step before the last
        for (int i = 0; i < MOST_STEPS; i++) {
            double middle = (a + b) / 2;
            if (Math.abs(x - middle) <= 2 * tolerance - (b - a) / 2) {
                return x;
            }
            double p = (x - v) * (x - v) * (fx - fw) - (x - w) * (x - w) * (fx - fv);
            double q = 2 * ((x - v) * (fx - fw) - (x - w) * (fx - fv));
            double parabola = -p / q;                          // to the lowest point through (v, w, x); NaN where they lie on a line
            boolean take = Math.abs(parabola) < Math.abs(before) / 2 && x + parabola > a && x + parabola < b;
            before = take ? step : x < middle ? b - x : a - x;
            step = take ? parabola : GOLDEN * before;
            double u = x + (Math.abs(step) >= tolerance ? step : Math.copySign(tolerance, step));
            double fu = f.applyAsDouble(u);
            if (fu <= fx) {
                if (u < x) b = x; else a = x;
                v = w; fv = fw;
                w = x; fw = fx;
                x = u; fx = fu;
            } else {
                if (u < x) a = u; else b = u;
                if (fu <= fw || w == x) {
                    v = w; fv = fw;
                    w = u; fw = fu;
                } else if (fu <= fv || v == x || v == w) {
                    v = u; fv = fu;
                }
            }
        }
        return x;
    }
}
