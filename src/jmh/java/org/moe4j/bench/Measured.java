package org.moe4j.bench;

import java.util.Arrays;
import java.util.List;

/**
 * What came of measuring a work.
 *
 * @param seconds a run, iteration by iteration
 * @param heap bytes of the heap in steady state
 * @param peers fastest first
 */
record Measured(Catalog entry, Size size, int threads, double[] seconds, Demand demand, long heap, List<Against> peers) {
    /**
     * A peer in the same iterations.
     *
     * @param ratio the median of its time over ours, pair by pair: above 1 we are faster
     */
    record Against(String peer, double median, double ratio) {}

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    double median() {
        return median(seconds);
    }

    /** The least time at the machine's peaks over the median. */
    double peakShare(Peaks peaks) {
        return demand.seconds(peaks) / median();
    }
}
