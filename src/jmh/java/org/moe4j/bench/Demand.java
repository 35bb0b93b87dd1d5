package org.moe4j.bench;

/**
 * What a work cannot do without, whoever computes it.
 *
 * @param flops floating point operations of its products, a multiply-add being two
 * @param streamed bytes read and written in order, each once, that no cache holds
 * @param cached the same where a core's caches hold all of it
 * @param gathered bytes of rows of a large table, read and written
 */
public record Demand(double flops, double streamed, double cached, double gathered) {
    static Demand flops(double flops) {
        return new Demand(flops, 0, 0, 0);
    }

    /** The seconds of whichever takes longest at the machine's peaks: no implementation can be faster. */
    double seconds(Peaks peaks) {
        return Math.max(Math.max(flops / peaks.flops(), gathered / peaks.rows()), Math.max(streamed / peaks.copy(), cached / peaks.cacheCopy()));
    }

    /** Which of the peaks that is. */
    String bound(Peaks peaks) {
        double least = seconds(peaks);
        if (least == flops / peaks.flops()) {
            return "multiply-adds";
        }
        return least == gathered / peaks.rows() ? "random rows" : least == streamed / peaks.copy() ? "memory" : "cache";
    }

    /** What {@link #rate} counts: GFLOP/s where there are products and no table, else GB/s. */
    String unit() {
        return flops > 0 && gathered == 0 ? "GFLOP/s" : "GB/s";
    }

    /** A second, by 10^9. */
    double rate(double seconds) {
        return 1e-9 / seconds * (unit().equals("GB/s") ? streamed + cached + gathered : flops);
    }
}
