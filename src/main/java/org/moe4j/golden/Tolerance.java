package org.moe4j.golden;

/** Two values agree if |got - expected| ≤ absolute + relative |expected|. */
public record Tolerance(double relative, double absolute) {
    /** The excess over what is allowed; 1 is the limit, NaN counts as infinitely far. */
    public double excess(double got, double expected) {
        if (got == expected) {
            return 0;
        }
        double excess = Math.abs(got - expected) / (absolute + relative * Math.abs(expected));
        return Double.isNaN(excess) ? Double.POSITIVE_INFINITY : excess;
    }
}
