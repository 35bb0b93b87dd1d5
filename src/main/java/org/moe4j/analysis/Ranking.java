package org.moe4j.analysis;

import java.util.ArrayList;
import java.util.List;
import org.moe4j.sweep.TrialSummary;

/**
 * The arms from best to worst, and how surely each is the best.
 *
 * @param rows  by mean validation loss, lowest first
 * @param noise what the certainty rests on
 */
public record Ranking(List<Row> rows, SeedNoise noise) {
    /** Resamples of the noise between seeds: enough for the shares to be good to a percent. */
    static final int RESAMPLES = 4000;

    /**
     * One arm.
     *
     * @param arm        the arm over its seeds
     * @param gap        its mean loss above the best one's, nats per token
     * @param gapError   standard error of that difference; NaN for the best itself or where the noise is not known
     * @param shareBest  share of bootstrap resamples in which it is the best, 0 to 1; NaN where the noise is not known
     */
    public record Row(SeedSummary arm, double gap, double gapError, double shareBest) {}

    /** Ranks the arms of some trials; an arm that diverged comes last and is never the best. */
    public static Ranking of(List<TrialSummary> trials) {
        SeedNoise noise = SeedNoise.of(trials);
        int[] best = timesBest(noise);
        List<SeedSummary> arms = SeedSummary.byLoss(SeedSummary.of(trials));
        List<Row> rows = new ArrayList<>();
        for (SeedSummary arm : arms) {
            String label = arm.label();
            boolean first = rows.isEmpty();
            boolean counted = noise.known() && noise.arms().contains(label);
            rows.add(new Row(arm,
                    first ? 0 : arm.validationLoss().mean() - arms.getFirst().validationLoss().mean(),
                    first || !counted ? Double.NaN : noise.errorOfDifference(arms.getFirst().label(), label),
                    counted ? (double) best[noise.arms().indexOf(label)] / RESAMPLES : Double.NaN));
        }
        return new Ranking(List.copyOf(rows), noise);
    }

    private static int[] timesBest(SeedNoise noise) {
        double[] means = noise.means();
        int[] best = new int[means.length];
        for (int i = 0; i < RESAMPLES && noise.known(); i++) {
            best[lowest(noise.resample(means, i))]++;
        }
        return best;
    }

    private static int lowest(double[] values) {
        int lowest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] < values[lowest]) lowest = i;
        }
        return lowest;
    }
}
