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

    /** What was done a second: FLOPs where there are products and no table, else bytes. */
    Rate rate(double seconds) {
        return flops > 0 && gathered == 0 ? Rate.ofFlops(flops / seconds) : new Rate(1e-9 * (streamed + cached + gathered) / seconds, "GB/s");
    }

    /** As people say it. */
    record Rate(double value, String unit) {
        private static final double LARGE = 1e13;

        static Rate ofFlops(double aSecond) {
            return aSecond < LARGE ? new Rate(1e-9 * aSecond, "GFLOP/s") : new Rate(1e-12 * aSecond, "TFLOP/s");
        }
    }
}
