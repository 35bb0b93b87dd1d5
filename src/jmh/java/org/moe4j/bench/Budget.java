package org.moe4j.bench;

/**
 * How long to measure.
 *
 * @param rounds iterations that count, each as long for ours as for every peer
 * @param warmUpScale times the seconds a work asks to warm up
 * @param milliseconds of an iteration, or one run where that takes longer
 */
record Budget(int rounds, double warmUpScale, int milliseconds) {
    private static final int USUAL = 300;

    /** Whether figures mean nothing, so that small sizes do. */
    boolean isQuick() {
        return milliseconds < USUAL;
    }

    static Budget of(int rounds, boolean quick) {
        return quick ? new Budget(1, 0.05, 20) : new Budget(rounds, 1, USUAL);
    }
}
