package org.moe4j.cli;

import java.util.Locale;

import org.moe4j.sweep.ArmPlan;
import org.moe4j.sweep.Sweep;

/** What a sweep would cost, as a table. */
final class PlanTable {
    /** What one core of the machine of the committed results sustained over whole quick trials; a guess elsewhere. */
    static final double FLOPS_PER_SECOND = 30e9;

    private PlanTable() {}

    static String text(Sweep sweep) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(Locale.ROOT, "%-10s %14s %14s %12s %8s %12s %12s %10s %9s%n", "arm", "parameters", "active", "FLOPs/token", "steps",
            "tokens", "FLOPs", "memory MB", "minutes"));
        double minutes = 0;
        for (ArmPlan plan : sweep.plans()) {
            double each = (double) plan.steps() * plan.flopsPerStep() / FLOPS_PER_SECOND / 60;
            minutes += each;
            out.append(String.format(Locale.ROOT, "%-10s %,14d %,14d %,12.0f %,8d %,12d %12.4g %,10d %9.1f%n", plan.arm().label(), plan.cost().parameters(),
                plan.cost().activeParameters(), plan.cost().trainingFlopsPerToken(), plan.steps(), plan.tokens(),
                (double) plan.steps() * plan.flopsPerStep(), plan.memory().total() >> 20, each));
        }
        int processors = Runtime.getRuntime().availableProcessors();
        double all = minutes * sweep.spec().seeds().size() / processors;
        return out.append(String.format(Locale.ROOT, "%d trials (%d seeds), about %.1f minutes in all on %d processors if each sustains %.0f GFLOP/s.%n",
            sweep.trials().size(), sweep.spec().seeds().size(), all, processors, FLOPS_PER_SECOND * 1e-9)).toString();
    }
}
