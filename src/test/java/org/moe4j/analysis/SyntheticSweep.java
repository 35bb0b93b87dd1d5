package org.moe4j.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.moe4j.sweep.CurvePoint;
import org.moe4j.sweep.TrialSummary;
import org.moe4j.tensor.CounterRandom;

/** Trials with a known answer: loss = 2.5 + curvature (log2 G - log2 best)^2 + an effect of the seed + noise. */
public record SyntheticSweep(double best, double curvature, double noise, int seeds) {
    private static final double FLOPS = 2e12;

    /** Dense, MoE at G = 1 .. 16, PKM and PEER. */
    public List<TrialSummary> trials() {
        List<TrialSummary> trials = new ArrayList<>();
        for (long seed = 1; seed <= seeds; seed++) {
            trials.add(trial("dense", "dense", 0, 0, 2.72, seed));
            for (int g = 1; g <= 16; g *= 2) {
                double distance = (Math.log(g) - Math.log(best)) / Math.log(2);
                trials.add(trial("MoE G=" + g, "MoE", g, 8 * g, 2.5 + curvature * distance * distance, seed));
            }
            trials.add(trial("PKM", "PKM", 0, 1024, 2.66, seed));
            trials.add(trial("PEER", "PEER", 256, 1024, 2.61, seed));
        }
        return trials;
    }

    private TrialSummary trial(String label, String architecture, int granularity, int experts, double loss, long seed) {
        double validation = loss + ofSeed(seed) + noise * CounterRandom.of(seed, label).normal(0);
        double[] load = new double[experts];
        for (int i = 0; i < experts; i++) {
            load[i] = 100 * Math.exp(0.4 * CounterRandom.of(seed, label + " load").normal(i));
        }
        double max = Arrays.stream(load).max().orElse(Double.NaN);
        double mean = Arrays.stream(load).average().orElse(Double.NaN);
        return new TrialSummary(label, architecture, granularity, experts, 1_200_000, 1_200_000 + 4096L * experts, 4_000_000,
                FLOPS * (1 + 0.001 * (seed % 2)), seed, validation, validation / Math.log(2) / 3.4, 21_000 - 10.0 * experts,
                experts == 0 ? Double.NaN : 0.97, experts == 0 ? Double.NaN : max / mean, load, curve(validation));
    }

    /** What a seed does to every arm alike: far larger than the noise, and without weight in a paired comparison. */
    private static double ofSeed(long seed) {
        return 0.05 * CounterRandom.of(seed, "seed").normal(0);
    }

    private static List<CurvePoint> curve(double end) {
        List<CurvePoint> curve = new ArrayList<>();
        for (int step = 50; step <= 1000; step += 50) {
            double share = step / 1000.0;
            double loss = end + 1.2 * (1 / Math.sqrt(share) - 1);
            curve.add(new CurvePoint(step, 4000L * step, FLOPS * share, loss - 0.02, step % 100 == 0 ? loss : Double.NaN));
        }
        return curve;
    }
}
