package org.moe4j.analysis;

import java.util.Arrays;

/**
 * A mean over seeds.
 *
 * @param mean          NaN if any value was (a diverged trial is not averaged away)
 * @param standardError of the mean; NaN with fewer than two values
 * @param n             how many values
 */
public record Estimate(double mean, double standardError, int n) {
    /** The mean of some values, with the standard error from their own spread. */
    public static Estimate of(double... values) {
        int n = values.length;
        double mean = Arrays.stream(values).average().orElse(Double.NaN);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return new Estimate(mean, n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n), n);
    }
}
