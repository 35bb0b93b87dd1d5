package org.moe4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

import org.moe4j.analysis.GranularityLaw;
import org.moe4j.analysis.KrajewskiTables;
import org.moe4j.io.InputException;
import org.moe4j.report.Figures;
import org.moe4j.report.TextTable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The scaling law of fine-grained mixtures: what it says is best at a budget, or how it meets the tables of its paper. */
@Command(name = "experiments/run law", sortOptions = false,
    description = "The scaling law of fine-grained mixtures (Krajewski et al. 2024): the best model for a budget, or, without one, the paper's tables "
        + "against what its printed constants give.")
public final class Law implements Callable<Integer> {
    private static final double LEAST_FLOPS = 1e15;
    private static final double MOST_FLOPS = 1e30;
    private static final List<Integer> GRANULARITIES = List.of(1, 2, 4, 8, 16, 32, 64, 128, 256);

    @Option(names = "--flops", paramLabel = "F", description = "training FLOPs, routing included, such as 1e20")
    private Double flops;

    @Option(names = "--expansion", paramLabel = "E", description = "parameters of a mixture layer over those of a dense one: 64 (default), 16, or 1 for dense")
    private Integer expansion;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        if (flops != null && !(flops >= LEAST_FLOPS && flops <= MOST_FLOPS)) {
            throw new InputException("--flops is " + flops + ", want 1e15 to 1e30, about where the law can mean something");
        }
        if (flops == null && expansion != null) {
            throw new InputException("--expansion wants a budget beside it, such as --flops 1e20");
        }
        System.out.print(flops == null ? published() : best(expansion == null ? GranularityLaw.MIXTURE : GranularityLaw.of(expansion), flops));
        return 0;
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Law(), CommandLine.MissingParameterException::getMessage, args);
    }

    private static String best(GranularityLaw law, double flops) {
        GranularityLaw.Point best = law.best(flops);
        TextTable table = new TextTable("G", "active", "parameters", "tokens", "nats/token", "router");
        for (int granularity : law.dense() ? List.of(1) : GRANULARITIES) {
            GranularityLaw.Point point = law.best(flops, granularity);
            double routing = 1 - GranularityLaw.DENSE.flopsPerToken(point.active(), 1) / law.flopsPerToken(point.active(), granularity);
            table.row((granularity == best.granularity() ? "> " : "  ") + granularity, billions(point.active()), billions(point.parameters()),
                billions(point.tokens()), Figures.fixed(point.loss(), 3), Figures.percent(routing));
        }
        String found = said("The best model for %s training FLOPs (%s): %sactive parameters %s of %s, tokens %s, %.3f nats/token.%n", Figures.power(flops), law.name(),
            law.dense() ? "" : "G = " + best.granularity() + ", ", billions(best.active()), billions(best.parameters()), billions(best.tokens()), best.loss());
        String dense = law.dense() ? "" : said("A dense model needs %.1f times the FLOPs for that loss.%n", GranularityLaw.DENSE.computeToMatch(best));
        return found + dense + said("Parameters without embeddings and routers, in models of the paper's proportions (width = 64 x blocks).%n%n") + table;
    }

    private static String published() {
        return table2() + bands("Table 6, with the constants of " + GranularityLaw.HELD_OUT.name(), GranularityLaw.HELD_OUT, KrajewskiTables.TABLE_6)
            + bands("Table 9, with the constants of " + GranularityLaw.MIXTURE_16.name(), GranularityLaw.MIXTURE_16, KrajewskiTables.TABLE_9) + multipliers();
    }

    private static String table2() {
        GranularityLaw law = GranularityLaw.MIXTURE;
        TextTable table = new TextTable("N_act", "FLOPs", "calc.", "loss", "calc.", "if N=64N_act", "G", "calc.", "N_act calc.", "D", "calc.");
        for (KrajewskiTables.Optimum row : KrajewskiTables.TABLE_2) {
            GranularityLaw.Point there = law.at(row.granularity(), row.active(), row.tokens());
            GranularityLaw.Point best = law.best(row.flops());
            table.row(billions(row.active()), Figures.power(row.flops()), Figures.power(there.flops()), Figures.fixed(row.loss(), 3),
                Figures.fixed(there.loss(), 3), Figures.fixed(law.loss(64 * row.active(), row.tokens(), row.granularity()), 3),
                "" + row.granularity(), "" + best.granularity(), billions(best.active()), billions(row.tokens()), billions(best.tokens()));
        }
        return said("Table 2, compute-optimal models at E = 64: published, and calculated from the constants of table 1 with N = 43 N_act.%n") + table;
    }

    private static String bands(String title, GranularityLaw law, List<KrajewskiTables.Band> bands) {
        TextTable table = new TextTable("N_act", "D published", "calc.", "G published", "calc.", "inside");
        for (KrajewskiTables.Band band : bands) {
            GranularityLaw.Point best = law.bestOfSize(band.active());
            table.row(billions(band.active()), billions(band.fewestTokens()) + " to " + billions(band.mostTokens()), billions(best.tokens()),
                band.coarsest() + " to " + band.finest(), "" + best.granularity(), band.holds(best) ? "yes" : "NO");
        }
        return said("%n%s: 10th to 90th percentile.%n", title) + table;
    }

    private static String multipliers() {
        TextTable table = new TextTable("FLOPs", "published", "calc.");
        multiplier(table, 1e18, "");
        multiplier(table, 1e20, "20");
        multiplier(table, 1e22, "");
        multiplier(table, 1e25, "over 40");
        return said("%nCompute that a dense model needs for the loss of the best mixture (E = 64). Over 40 is out of reach of the rounded constants.%n") + table
            + said("%nThe router's share of a block's FLOPs at d = 256, E = 64, G = 64: %.1f %%.%n", 100 * GranularityLaw.routerShare(256, 64, 64));
    }

    private static void multiplier(TextTable table, double flops, String published) {
        GranularityLaw.Point mixture = GranularityLaw.MIXTURE.best(flops);
        table.row(Figures.power(flops), published, Figures.fixed(GranularityLaw.DENSE.computeToMatch(mixture), 1));
    }

    /** Three digits with B for 1e9, as papers give parameters and tokens. */
    private static String billions(double value) {
        return Figures.count(value).replace(" G", " B");
    }

    private static String said(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
