package org.moe4j.cli;

import java.util.Locale;

import org.moe4j.experts.RoutingRepetition;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.report.TextTable;
import org.moe4j.train.Evaluation;

/** How each mixture layer shared out the tokens of a measurement. */
final class RoutingTable {
    private RoutingTable() {}

    /** A line for each mixture layer, numbered from 0 as all layers are; empty if there is none. */
    static String of(Evaluation measured) {
        if (measured.loads().isEmpty()) {
            return "";
        }
        TextTable table = new TextTable("mixture layer", "experts", "used", "max/mean load", "dropped", "repeats first", "repeats any");
        for (int layer = 0; layer < measured.loads().size(); layer++) {
            RoutingStatistics r = measured.loads().get(layer);
            RoutingRepetition repeats = measured.repetition().get(layer);
            table.row(Integer.toString(layer), Integer.toString(r.experts()), percent(r.usagePercent() / 100),
                String.format(Locale.ROOT, "%.2f", r.maxOverMeanLoad()), percent(r.droppedShare()), percent(repeats.first()), percent(repeats.any()));
        }
        return table.toString();
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
