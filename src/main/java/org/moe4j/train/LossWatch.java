package org.moe4j.train;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.stream.Collectors;

/** The recent losses of a run: whether it has spiked, and how long nothing was learned. A function of the losses alone. */
final class LossWatch {
    private final Restart rule;                                                   // null: nothing is a spike
    private final Deque<Double> losses = new ArrayDeque<>();
    private int high;
    private long skipped;

    LossWatch(Restart rule) {
        this.rule = rule;
    }

    /** Counts one more step. */
    void add(double loss, boolean wasSkipped) {
        skipped = wasSkipped ? skipped + 1 : 0;
        if (rule == null || wasSkipped) {
            return;
        }
        if (isHigh(loss)) {
            high++;
            return;
        }
        high = 0;
        losses.addLast(loss);
        if (losses.size() > rule.window()) {
            losses.removeFirst();
        }
    }

    private boolean isHigh(double loss) {
        if (losses.size() < rule.window()) {
            return false;
        }
        double mean = mean();
        double variance = losses.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum() / losses.size();
        return loss > mean + Math.max(rule.margin(), rule.deviations() * Math.sqrt(variance));
    }

    /** Of the losses that were not high. */
    double mean() {
        return losses.stream().mapToDouble(Double::doubleValue).sum() / losses.size();
    }

    boolean spiked() {
        return rule != null && high >= rule.inARow();
    }

    /** Steps in a row, the last included, whose loss or gradient was not finite. */
    long skippedInARow() {
        return skipped;
    }

    /** Everything it knows. */
    @Override
    public String toString() {
        return skipped + " " + high + " " + losses.stream().map(x -> Double.toString(x)).collect(Collectors.joining(" "));
    }

    /** Goes on from what {@link #toString} said. */
    void continueFrom(String said) {
        String[] words = said.strip().split(" ");
        skipped = Long.parseLong(words[0]);
        high = Integer.parseInt(words[1]);
        losses.clear();
        Arrays.stream(words).skip(2).map(Double::valueOf).forEach(losses::addLast);
    }
}
