package org.moe4j.cli;

import java.util.List;
import java.util.Locale;

import org.moe4j.cost.Ledger;
import org.moe4j.cost.MemoryPlan;
import org.moe4j.model.Part;
import org.moe4j.report.TextTable;
import org.moe4j.sweep.Run;
import org.moe4j.train.TrainingSpec;

/** What a training run is made of and would cost, as a table. */
final class RunTable {
    private static final double FLOPS_PER_SECOND = PlanTable.FLOPS_PER_SECOND;

    private RunTable() {}

    static String headline(Run run) {
        Ledger ledger = Ledger.of(run.trial().model());
        TrainingSpec t = run.trial().training();
        return String.format(Locale.ROOT, "%s: %,d parameters, %,d active; %,d steps of %,d tokens of %s by the %s recipe, learning rate %.3g", run.trial().label(),
            ledger.parameters(), ledger.activeParameters(), t.steps(), (long) t.batch() * run.trial().model().sequence(), run.text().name(),
            run.spec().recipeOrUsual().name(), t.learningRate());
    }

    static String text(Run run) {
        TextTable table = new TextTable("part", "blocks", "parameters", "active", "FLOPs/token");
        Ledger ledger = Ledger.of(run.trial().model());
        for (Ledger.Group group : ledger.groups()) {
            String blocks = group.blocks().getFirst() == Part.OUTSIDE ? "" : group.blocks().size() + " x";
            group.parts().forEach(p -> table.row(p.name(), blocks, number(p.parameters()), number(p.active()), number(p.flops() / ledger.sequence())));
        }
        table.row("all", "", number(ledger.parameters()), number(ledger.activeParameters()), number(Math.round(ledger.forwardFlopsPerToken())));
        MemoryPlan m = run.memory();
        double flops = (double) run.flopsPerStep() * run.trial().training().steps();
        int processors = Runtime.getRuntime().availableProcessors();
        return String.join(System.lineSeparator(), List.of(headline(run) + ".", table.toString().stripTrailing(),
            String.format(Locale.ROOT, "Memory: %s MB of weights, %s of gradients, %s of optimizer state, %s of activations: %s MB in all.", mega(m.weights()),
                mega(m.gradients()), mega(m.optimizer()), mega(m.activations()), mega(m.total())),
            String.format(Locale.ROOT, "%.4g training FLOPs, about %s on %d processors if each sustains %.0f GFLOP/s.", flops,
                time(flops / FLOPS_PER_SECOND / processors), processors, FLOPS_PER_SECOND * 1e-9), ""));
    }

    private static String time(double seconds) {
        return seconds < 90 ? String.format(Locale.ROOT, "%.1f seconds", seconds)
            : seconds < 5400 ? String.format(Locale.ROOT, "%.0f minutes", seconds / 60) : String.format(Locale.ROOT, "%,.1f hours", seconds / 3600);
    }

    private static String number(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    private static String mega(long bytes) {
        return String.format(Locale.ROOT, "%,.1f", bytes / 1048576.0);
    }
}
