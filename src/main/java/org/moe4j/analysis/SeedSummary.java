package org.moe4j.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.moe4j.sweep.CurvePoint;
import org.moe4j.sweep.TrialSummary;

/**
 * One arm of a sweep over its seeds.
 *
 * @param label            the arm; see {@link TrialSummary#label}
 * @param architecture     its family
 * @param granularity      G, or 0
 * @param experts          experts a layer
 * @param activeParameters parameters that one token uses
 * @param totalParameters  all trained parameters
 * @param tokens           training tokens of one trial
 * @param flops            training FLOPs of one trial
 * @param validationLoss   nats per token
 * @param bitsPerByte      bits per byte of text
 * @param tokensPerSecond  mean
 * @param expertUsage      mean share of experts in use, 0 to 1, or NaN
 * @param loadImbalance    mean of largest over mean load, or NaN
 * @param sortedLoad       load of the busiest expert, the next, ..., each a mean over seeds; sums to 1; may be empty
 * @param curve            mean over seeds, as far as their steps agree
 */
public record SeedSummary(String label, String architecture, int granularity, int experts, long activeParameters,
                          long totalParameters, long tokens, double flops, Estimate validationLoss, Estimate bitsPerByte,
                          double tokensPerSecond, double expertUsage, double loadImbalance, List<Double> sortedLoad,
                          List<CurvePoint> curve) {

    /** One summary an arm, in the order in which the arms first appear. */
    public static List<SeedSummary> of(List<TrialSummary> trials) {
        Map<String, List<TrialSummary>> arms = new LinkedHashMap<>();
        for (TrialSummary trial : trials) {
            arms.computeIfAbsent(trial.label(), _ -> new ArrayList<>()).add(trial);
        }
        return arms.values().stream().map(SeedSummary::ofArm).toList();
    }

    /** The arms from the lowest mean loss to the highest; a diverged arm comes last. */
    public static List<SeedSummary> byLoss(List<SeedSummary> arms) {
        return arms.stream().sorted(Comparator.comparingDouble(arm -> arm.validationLoss().mean())).toList();
    }

    /** Seeds that this arm was trained with. */
    public int seeds() {
        return validationLoss.n();
    }

    private static SeedSummary ofArm(List<TrialSummary> trials) {
        TrialSummary first = trials.getFirst();
        return new SeedSummary(first.label(), first.architecture(), first.granularity(), first.experts(),
                first.activeParameters(), first.totalParameters(), first.tokens(), first.flops(),
                Estimate.of(values(trials, TrialSummary::validationLoss)),
                Estimate.of(values(trials, TrialSummary::bitsPerByte)),
                Estimate.of(values(trials, TrialSummary::tokensPerSecond)).mean(),
                Estimate.of(values(trials, TrialSummary::expertUsage)).mean(),
                Estimate.of(values(trials, TrialSummary::loadImbalance)).mean(),
                sortedLoad(trials), meanCurve(trials));
    }

    private static double[] values(List<TrialSummary> trials, ToDoubleFunction<TrialSummary> value) {
        return trials.stream().mapToDouble(value).toArray();
    }

    /** Experts of different seeds have nothing in common but their rank, so loads are sorted before they are averaged. */
    private static List<Double> sortedLoad(List<TrialSummary> trials) {
        double[] mean = new double[trials.stream().mapToInt(t -> t.loadPerExpert().length).min().orElse(0)];
        for (TrialSummary trial : trials) {
            double[] load = trial.loadPerExpert();
            Arrays.sort(load);
            double sum = Arrays.stream(load).sum();
            for (int i = 0; i < mean.length && sum > 0; i++) {
                mean[i] += load[load.length - 1 - i] / sum / trials.size();
            }
        }
        return Arrays.stream(mean).boxed().toList();
    }

    private static List<CurvePoint> meanCurve(List<TrialSummary> trials) {
        List<CurvePoint> mean = new ArrayList<>();
        for (int i = 0; i < trials.getFirst().curve().size(); i++) {
            CurvePoint point = trials.getFirst().curve().get(i);
            double training = 0;
            double validation = 0;
            for (TrialSummary trial : trials) {
                if (i >= trial.curve().size() || trial.curve().get(i).step() != point.step()) return mean;
                training += trial.curve().get(i).trainingLoss() / trials.size();
                validation += trial.curve().get(i).validationLoss() / trials.size();
            }
            mean.add(new CurvePoint(point.step(), point.tokens(), point.flops(), training, validation));
        }
        return mean;
    }
}
