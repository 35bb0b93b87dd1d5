package org.moe4j.analysis;

import java.util.List;

/** What Krajewski et al. 2024 print of compute-optimal models, to hold {@link GranularityLaw} against. */
public final class KrajewskiTables {
    private KrajewskiTables() {}

    /**
     * A row of table 2, compute-optimal at E = 64.
     *
     * @param active N_act; the paper writes N as "64 x N_act"
     */
    public record Optimum(double active, double tokens, int granularity, double flops, double loss) {}

    /** A row of table 6 or 9: 10th and 90th percentile over bootstrap fits. */
    public record Band(double active, double fewestTokens, double mostTokens, int coarsest, int finest) {
        /** Whether the band holds a point, its ends included. */
        public boolean holds(GranularityLaw.Point point) {
            return point.tokens() >= fewestTokens && point.tokens() <= mostTokens && point.granularity() >= coarsest && point.granularity() <= finest;
        }
    }

    public static final List<Optimum> TABLE_2 = List.of(
        new Optimum(100e6, 4.37e9, 8, 2.95e18, 3.133),
        new Optimum(1e9, 28.94e9, 16, 1.93e20, 2.491),
        new Optimum(3e9, 72.90e9, 16, 1.41e21, 2.245),
        new Optimum(7e9, 137.60e9, 32, 6.46e21, 2.076),
        new Optimum(70e9, 941.07e9, 32, 4.16e23, 1.694),
        new Optimum(300e9, 2.96e12, 64, 5.69e24, 1.503),
        new Optimum(1e12, 7.94e12, 64, 4.97e25, 1.367));

    /** E = 64; the constants of table 5 lie inside. */
    public static final List<Band> TABLE_6 = List.of(
        new Band(100e6, 2.97e9, 5.98e9, 8, 8),
        new Band(1e9, 21.17e9, 40.73e9, 16, 16),
        new Band(3e9, 50.20e9, 105.88e9, 16, 32),
        new Band(7e9, 101.06e9, 205.40e9, 32, 32),
        new Band(70e9, 638.49e9, 1.59e12, 32, 64),
        new Band(300e9, 1.99e12, 5.62e12, 64, 64),
        new Band(1e12, 5.29e12, 16.87e12, 64, 64));

    /** E = 16. */
    public static final List<Band> TABLE_9 = List.of(
        new Band(100e6, 10.29e9, 17.73e9, 8, 16),
        new Band(1e9, 53.74e9, 103.54e9, 16, 32),
        new Band(3e9, 106e9, 261e9, 16, 32),
        new Band(7e9, 178e9, 511e9, 16, 32),
        new Band(70e9, 722e9, 3.22e12, 32, 64),
        new Band(300e9, 1.73e12, 10.69e12, 32, 64),
        new Band(1e12, 3.60e12, 28.22e12, 32, 128));
}
