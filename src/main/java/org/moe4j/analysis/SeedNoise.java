package org.moe4j.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moe4j.sweep.TrialSummary;
import org.moe4j.tensor.CounterRandom;

/**
 * How much validation loss varies by chance between seeds, from all arms of a sweep together, and resamples of the arms'
 * means under that noise (a residual bootstrap: Efron and Tibshirani 1993, chapter 9).
 *
 * <p>Where every arm ran with the same seeds, what a seed does to all arms alike (its data order) is taken out first, since
 * it cannot change which arm is best: residual = loss - arm's mean - seed's mean + grand mean. Residuals are scaled up by
 * the degrees of freedom that the means used. Pooling assumes that all arms are equally noisy; with the two to five seeds that one
 * can afford it is far steadier than each arm's own spread.
 */
public final class SeedNoise {
    private final List<String> arms;
    private final double[] means;
    private final int[] seeds;
    private final double[] residuals; // already scaled; empty where nothing is known
    private final boolean paired;

    private SeedNoise(List<String> arms, double[] means, int[] seeds, double[] residuals, boolean paired) {
        this.arms = arms;
        this.means = means;
        this.seeds = seeds;
        this.residuals = residuals;
        this.paired = paired;
    }

    /** The noise among some trials; those with a loss that is not finite are left out. */
    public static SeedNoise of(List<TrialSummary> trials) {
        Map<String, Map<Long, Double>> losses = new LinkedHashMap<>(); // arm -> seed -> loss
        for (TrialSummary trial : trials) {
            if (Double.isFinite(trial.validationLoss())) {
                losses.computeIfAbsent(trial.label(), _ -> new LinkedHashMap<>()).put(trial.seed(), trial.validationLoss());
            }
        }
        List<String> arms = List.copyOf(losses.keySet());
        double[] means = arms.stream().mapToDouble(arm -> mean(losses.get(arm))).toArray();
        int[] seeds = arms.stream().mapToInt(arm -> losses.get(arm).size()).toArray();
        boolean paired = arms.size() > 1 && losses.values().stream().map(Map::keySet).distinct().count() == 1;

        Map<Long, Double> ofSeed = paired ? seedEffects(losses, means) : Map.of();
        List<Double> residuals = new ArrayList<>();
        int degrees = 0;
        for (int a = 0; a < arms.size(); a++) {
            if (seeds[a] < 2) continue; // a residual of zero by construction says nothing
            degrees += seeds[a] - 1;
            for (Map.Entry<Long, Double> loss : losses.get(arms.get(a)).entrySet()) {
                residuals.add(loss.getValue() - means[a] - ofSeed.getOrDefault(loss.getKey(), 0.0));
            }
        }
        if (paired) degrees -= ofSeed.size() - 1;
        double scale = Math.sqrt((double) residuals.size() / Math.max(1, degrees));
        return new SeedNoise(arms, means, seeds, residuals.stream().mapToDouble(r -> r * scale).toArray(), paired);
    }

    /** The arms' labels, in the order of {@link #means} and of each resample. */
    public List<String> arms() {
        return arms;
    }

    /** Each arm's mean loss. */
    public double[] means() {
        return means.clone();
    }

    /** Whether all arms ran with the same seeds. */
    public boolean paired() {
        return paired;
    }

    /** Whether any arm had two seeds, without which nothing is known of the noise. */
    public boolean known() {
        return residuals.length > 0;
    }

    /** Standard deviation of one trial's loss about its arm's, in nats; NaN where nothing is known. */
    public double deviation() {
        return Math.sqrt(Arrays.stream(residuals).map(r -> r * r).average().orElse(Double.NaN));
    }

    /** Standard error of the difference between two arms' means, in nats; NaN where nothing is known. */
    public double errorOfDifference(String one, String other) {
        return deviation() * Math.sqrt(1.0 / seeds[arms.indexOf(one)] + 1.0 / seeds[arms.indexOf(other)]);
    }

    /** What the arms' means might as well have been: resample {@code index} of the noise, about some centres. */
    double[] resample(double[] centres, long index) {
        CounterRandom random = CounterRandom.of(0, "bootstrap").at(index);
        double[] means = centres.clone();
        long counter = 0;
        for (int a = 0; a < means.length; a++) {
            for (int s = 0; s < seeds[a]; s++) {
                means[a] += residuals[random.below(counter++, residuals.length)] / seeds[a];
            }
        }
        return means;
    }

    private static Map<Long, Double> seedEffects(Map<String, Map<Long, Double>> losses, double[] means) {
        double grand = Arrays.stream(means).average().orElseThrow();
        Map<Long, Double> effects = new HashMap<>();
        for (Map<Long, Double> arm : losses.values()) {
            arm.forEach((seed, loss) -> effects.merge(seed, loss / losses.size(), Double::sum));
        }
        effects.replaceAll((_, mean) -> mean - grand);
        return effects;
    }

    private static double mean(Map<Long, Double> values) {
        return values.values().stream().mapToDouble(v -> v).average().orElseThrow();
    }
}
