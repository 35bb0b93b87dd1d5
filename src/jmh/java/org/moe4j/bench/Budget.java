package org.moe4j.bench;

import java.util.List;

/**
 * How long to measure.
 *
 * @param rounds iterations that count, each as long for ours as for every peer
 * @param warmUpScale times the seconds a work asks to warm up
 * @param milliseconds of an iteration of a kernel, or one run where that takes longer; those of steps are longer, {@link Catalog#length}
 */
record Budget(int rounds, double warmUpScale, int milliseconds) {
    private static final int USUAL = 300;
    private static final int FEW_ROUNDS = 3; // a median of fewer means little

    /** Whether figures mean nothing, so that small sizes do. */
    boolean isQuick() {
        return milliseconds < USUAL;
    }

    static Budget of(int rounds, boolean quick) {
        return quick ? new Budget(1, 0.05, 20) : new Budget(rounds, 1, USUAL);
    }

    /**
     * The longest budget in which these works take at most so many minutes by {@link #seconds}: first the warm-up is halved, then there are fewer
     * rounds. The shortest one where even that is too long.
     *
     * @param each how many numbers of threads each work is measured with
     */
    Budget within(double minutes, List<Catalog> works, int each, boolean peers) {
        int few = Math.min(rounds, FEW_ROUNDS);
        List<Budget> shorter = List.of(this, new Budget(rounds, warmUpScale / 2, milliseconds), new Budget(few, warmUpScale / 2, milliseconds),
            new Budget(1, warmUpScale / 2, milliseconds)); // at a quarter small products were still being compiled: 1 GFLOP/s
        return shorter.stream().filter(b -> b.seconds(works, each, peers) <= 60 * minutes).findFirst().orElse(shorter.getLast());
    }

    /**
     * About what measuring takes, by a run on two cores (45 forks with peers in 12 minutes): starting a JVM and PyTorch, setting up, which takes
     * as long as half the warm-up, the warm-up, in which peers have a quarter of ours, and the rounds.
     */
    double seconds(List<Catalog> works, int each, boolean peers) {
        double start = peers ? 4 : 1.5;
        double besideWarmUp = peers ? 2 : 1;
        int programs = peers ? 4 : 1;
        return each * works.stream().mapToDouble(w -> w.sizes().size()
            * (start + w.warmUp() * (0.5 + besideWarmUp * warmUpScale) + rounds * programs * Math.max(1.2e-3 * milliseconds * w.length(), 0.05 * w.warmUp()))).sum();
    }
}
