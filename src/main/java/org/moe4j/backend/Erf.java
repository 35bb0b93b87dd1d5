package org.moe4j.backend;

/**
 * The error function in float64 to about 1e-15, and the normal distribution from it: the Maclaurin series of erf near 0,
 * a continued fraction of erfc outside (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
public final class Erf {
    static final double SQRT_2 = Math.sqrt(2);
    private static final double SERIES_BELOW = 2.5;

    private Erf() {}

    public static double erf(double x) {
        double a = Math.abs(x);
        double y = a < SERIES_BELOW ? series(a) : 1 - tail(a);
        return x < 0 ? -y : y;
    }

    /** 1 - erf(x) without cancellation for large x. */
    public static double erfc(double x) {
        return x >= SERIES_BELOW ? tail(x) : x <= -SERIES_BELOW ? 2 - tail(-x) : 1 - erf(x);
    }

    /** Phi(x), the standard normal distribution function. */
    public static double normalCdf(double x) {
        return 0.5 * erfc(-x / SQRT_2);
    }

    /** phi(x), the standard normal density. */
    public static double normalDensity(double x) {
        return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }

    /** erf(x) = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 .. (2n+1)): all terms positive, so nothing cancels. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-17; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** erfc(x) = exp(-x^2)/sqrt(pi) 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ..)))), evaluated from the far end. */
    private static double tail(double x) {
        double fraction = x;
        for (int n = 120; n >= 1; n--) {
            fraction = x + 0.5 * n / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
}
