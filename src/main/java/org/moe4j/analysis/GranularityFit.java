package org.moe4j.analysis;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ejml.simple.SimpleMatrix;
import org.moe4j.sweep.TrialSummary;

/**
 * Validation loss as a parabola in log2 G at equal compute, and where it is least: the isoFLOP reading of Hoffmann et al.
 * 2022 (section 3.2), with granularity in the place of model size. Least squares over the arms of the family that was cut at
 * the most granularities. Outside the granularities that were trained it claims nothing: an optimum beyond them is put at the edge.
 */
public final class GranularityFit {
    /** What the losses look like over the granularities trained. */
    public enum Shape {
        /** Least loss between the coarsest and the finest. */
        INTERIOR,
        /** Least loss at the finest: finer might be better still. */
        FINEST,
        /** Least loss at the coarsest. */
        COARSEST,
        /** The arms differ no more than they would by chance (5 % level), so there is no best granularity to speak of. */
        FLAT
    }

    private final String architecture;
    private final double[] log2G;
    private final double[] coefficients;
    private final double low;
    private final double high;
    private final double chance;

    private GranularityFit(String architecture, double[] log2G, SeedNoise noise) {
        this.architecture = architecture;
        this.log2G = log2G;
        double[] means = noise.means();
        coefficients = parabola(log2G, means);
        double[] optima = new double[noise.known() ? Ranking.RESAMPLES : 0];
        int asSpread = 0;
        double grand = Arrays.stream(means).average().orElseThrow();
        double[] equal = new double[means.length];
        Arrays.fill(equal, grand);
        for (int i = 0; i < optima.length; i++) {
            optima[i] = lowestPoint(parabola(log2G, noise.resample(means, i)));
            if (spread(noise.resample(equal, i)) >= spread(means)) asSpread++;
        }
        Arrays.sort(optima);
        low = optima.length == 0 ? Double.NaN : Math.pow(2, optima[optima.length / 40]);
        high = optima.length == 0 ? Double.NaN : Math.pow(2, optima[optima.length - 1 - optima.length / 40]);
        chance = optima.length == 0 ? Double.NaN : (double) asSpread / optima.length;
    }

    /** The fit over the family with the most granularities; empty if that has fewer than three with a finite loss. */
    public static Optional<GranularityFit> of(List<TrialSummary> trials) {
        Map<String, Set<Integer>> families = new HashMap<>();
        for (TrialSummary trial : trials) {
            if (trial.granularity() > 0 && Double.isFinite(trial.validationLoss())) {
                families.computeIfAbsent(trial.architecture(), _ -> new HashSet<>()).add(trial.granularity());
            }
        }
        return families.entrySet().stream()
                .filter(family -> family.getValue().size() >= 3)
                .max(Comparator.<Map.Entry<String, Set<Integer>>>comparingInt(family -> family.getValue().size())
                        .thenComparing(Map.Entry::getKey))
                .map(family -> fit(family.getKey(), trials));
    }

    private static GranularityFit fit(String architecture, List<TrialSummary> trials) {
        List<TrialSummary> family = trials.stream()
                .filter(t -> t.architecture().equals(architecture) && t.granularity() > 0).toList();
        Map<String, Integer> granularity = new HashMap<>();
        family.forEach(t -> granularity.put(t.label(), t.granularity()));
        SeedNoise noise = SeedNoise.of(family);
        double[] log2G = noise.arms().stream().mapToDouble(arm -> log2(granularity.get(arm))).toArray();
        return new GranularityFit(architecture, log2G, noise);
    }

    /** The family that was fitted. */
    public String architecture() {
        return architecture;
    }

    /** The granularity of least fitted loss, within those trained. */
    public double optimum() {
        return Math.pow(2, lowestPoint(coefficients));
    }

    /** Lower end of the 95 % bootstrap interval of {@link #optimum}; NaN where the noise is not known. */
    public double low() {
        return low;
    }

    /** Upper end of the interval. */
    public double high() {
        return high;
    }

    /** What the losses look like. */
    public Shape shape() {
        double best = lowestPoint(coefficients);
        if (chance > 0.05) return Shape.FLAT;
        if (best >= max(log2G)) return Shape.FINEST;
        return best <= min(log2G) ? Shape.COARSEST : Shape.INTERIOR;
    }

    /** Chance of a spread between arms as large as the one seen if granularity made no difference; NaN where unknown. */
    public double chanceOfSpread() {
        return chance;
    }

    /** The fitted loss at a granularity, nats per token. */
    public double lossAt(double granularity) {
        return value(coefficients, log2(granularity));
    }

    /** The coarsest granularity trained. */
    public double coarsest() {
        return Math.pow(2, min(log2G));
    }

    /** The finest granularity trained. */
    public double finest() {
        return Math.pow(2, max(log2G));
    }

    /** How many arms the parabola rests on; three determine it without a check. */
    public int points() {
        return log2G.length;
    }

    private double lowestPoint(double[] c) {
        double from = min(log2G);
        double to = max(log2G);
        if (c[2] > 0) return Math.clamp(-c[1] / (2 * c[2]), from, to);
        return value(c, from) <= value(c, to) ? from : to;
    }

    /** c0 + c1 x + c2 x^2 by least squares. */
    private static double[] parabola(double[] x, double[] y) {
        SimpleMatrix design = new SimpleMatrix(x.length, 3);
        SimpleMatrix target = new SimpleMatrix(y.length, 1);
        for (int i = 0; i < x.length; i++) {
            design.setRow(i, 0, 1, x[i], x[i] * x[i]);
            target.set(i, 0, y[i]);
        }
        SimpleMatrix c = design.solve(target);
        return new double[] {c.get(0), c.get(1), c.get(2)};
    }

    private static double value(double[] c, double x) {
        return c[0] + x * (c[1] + x * c[2]);
    }

    private static double spread(double[] values) {
        return max(values) - min(values);
    }

    private static double max(double[] values) {
        return Arrays.stream(values).max().orElseThrow();
    }

    private static double min(double[] values) {
        return Arrays.stream(values).min().orElseThrow();
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }
}
