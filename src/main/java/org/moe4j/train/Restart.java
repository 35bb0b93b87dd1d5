package org.moe4j.train;

import org.moe4j.io.InputException;

/**
 * When the loss of a run has spiked, and what then: the run goes back to an earlier checkpoint and on with the batches behind the spike
 * (the recipe of Du et al. 2022, GLaM; Chowdhery et al. 2022, section 5.1, do the same).
 *
 * <p>A step's loss is high if it is above the mean of the last {@code window} losses that were not, by more than {@code deviations} of
 * their standard deviations and by more than {@code margin}; before there are so many losses, none is. So many high losses in a row as
 * {@code inARow} are a spike. The run then goes back to the older of the two earlier checkpoints that it keeps: one to two times
 * {@code every} steps.
 *
 * @param every steps between two earlier checkpoints
 * @param window losses that a loss is compared with
 * @param deviations standard deviations above the mean
 * @param margin nats per token above the mean
 * @param inARow high losses that make a spike; 1 takes one odd batch for one
 * @param most restarts in a run; with one more it is given up
 */
public record Restart(int every, int window, double deviations, double margin, int inARow, int most) {
    private static final int CHECKPOINTS = 20;

    public Restart {
        positive("every", every);
        positive("window", window);
        positive("inARow", inARow);
        positive("most", most);
        OptimizerSpec.within("deviations", deviations, deviations, 0, Double.POSITIVE_INFINITY);
        OptimizerSpec.within("margin", margin, margin, 0, Double.POSITIVE_INFINITY);
    }

    /** Our rule, as the papers have none in numbers: three losses in a row, six deviations and half a nat above the last twenty. */
    public static Restart of(long steps) {
        return new Restart(Math.clamp(steps / CHECKPOINTS, 1, Integer.MAX_VALUE), 20, 6, 0.5, 3, 5);
    }

    private static void positive(String field, int value) {
        if (value < 1) {
            throw new InputException(field + " is " + value + ", it has to be at least 1");
        }
    }
}
