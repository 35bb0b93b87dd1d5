package org.moe4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.moe4j.analysis.GranularityFit;
import org.moe4j.analysis.Ranking;
import org.moe4j.analysis.SeedSummary;

/**
 * The answer in words: which arm is best at this compute, by how much, how surely, and what the granularities say together.
 * Where the trials cannot say, neither do the words.
 *
 * @param answer   one sentence
 * @param details  more sentences, the most telling first
 * @param warnings what to know before trusting it
 */
public record Headline(String answer, List<String> details, List<String> warnings) {
    private static final double UNEQUAL = 0.02; // of the FLOPs

    public static Headline of(Ranking ranking, Optional<GranularityFit> fit) {
        List<Ranking.Row> rows = ranking.rows();
        List<String> details = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        diverged(rows, warnings);
        unequalCompute(rows, warnings);
        Ranking.Row best = rows.getFirst();
        if (!Double.isFinite(best.arm().validationLoss().mean())) {
            return new Headline("No arm finished with a finite loss.", details, warnings);
        }
        amongGranularities(best, rows, details);
        certainty(ranking, details, warnings);
        fit.ifPresent(f -> granularity(f, details, warnings));
        boolean flat = fit.isPresent() && fit.get().shape() == GranularityFit.Shape.FLAT;
        return new Headline(answer(best, rows, flat), List.copyOf(details), List.copyOf(warnings));
    }

    /** Answer and details as one paragraph. */
    public String text() {
        return answer + " " + String.join(" ", details);
    }

    private static String answer(Ranking.Row best, List<Ranking.Row> rows, boolean flat) {
        SeedSummary arm = best.arm();
        String loss = Figures.estimate(arm.validationLoss(), 4) + " nats/token (" + Figures.fixed(arm.bitsPerByte().mean(), 4) + " bits/byte)";
        String gap = rows.size() < 2 || !Double.isFinite(rows.get(1).gap()) ? ""
                : ", " + Figures.fixed(rows.get(1).gap(), 4) + " below " + rows.get(1).arm().label();
        boolean cut = ChartStyle.series(rows.stream().map(Ranking.Row::arm).toList()).contains(arm);
        String compute = "At " + Figures.power(arm.flops()) + " training FLOPs ";
        if (!cut) return compute + "the best arm here is " + arm.label() + ", with " + loss + gap + ".";
        if (flat) return compute + "this sweep finds no best granularity; the lowest loss is that of " + arm.label() + ", " + loss + gap + ".";
        return compute + "the best granularity here is G = " + arm.granularity() + ": " + arm.label() + " reaches " + loss + gap + ".";
    }

    /** The question was about granularity; where another family wins, the best cut is still named. */
    private static void amongGranularities(Ranking.Row best, List<Ranking.Row> rows, List<String> details) {
        List<SeedSummary> series = ChartStyle.series(rows.stream().map(Ranking.Row::arm).toList());
        if (series.isEmpty() || series.contains(best.arm())) return;
        SeedSummary cut = SeedSummary.byLoss(series).getFirst();
        details.add("Among the granularities the lowest loss is that of G = " + cut.granularity() + ", "
                + Figures.estimate(cut.validationLoss(), 4) + " nats/token.");
    }

    private static void certainty(Ranking ranking, List<String> details, List<String> warnings) {
        if (ranking.rows().size() < 2) return;
        Ranking.Row best = ranking.rows().getFirst();
        if (!ranking.noise().known()) {
            details.add("How sure the order is cannot be told from one seed.");
            warnings.add("One seed an arm: a difference of a few thousandths of a nat may be chance. Run with several seeds.");
            return;
        }
        details.add("How sure: " + best.arm().label() + " is the best in " + Figures.percent(best.shareBest()) + " of bootstrap resamples over "
                + best.arm().seeds() + " seeds (noise of one trial: " + Figures.fixed(ranking.noise().deviation(), 4) + " nats/token"
                + (ranking.noise().paired() ? ", seeds paired across arms)." : ")."));
        if (best.shareBest() < 0.9) {
            Ranking.Row second = ranking.rows().stream().skip(1)
                    .max(Comparator.comparingDouble(Ranking.Row::shareBest)).orElseThrow();
            details.add("That is not settled: " + second.arm().label() + " is the best in " + Figures.percent(second.shareBest()) + ".");
        }
        if (best.arm().seeds() < 3) {
            warnings.add("Only " + best.arm().seeds() + " seeds: the noise between seeds is itself known roughly.");
        }
    }

    private static void granularity(GranularityFit fit, List<String> details, List<String> warnings) {
        String interval = Double.isFinite(fit.low())
                ? " (95 % interval " + Figures.granularity(fit.low()) + " to " + Figures.granularity(fit.high()) + ")" : "";
        details.add(switch (fit.shape()) {
            case FLAT -> "The granularities differ no more than they would by chance (a spread like this comes up in "
                    + Figures.percent(fit.chanceOfSpread()) + " of cases).";
            case INTERIOR -> "A parabola in log G puts the optimum at G = " + Figures.granularity(fit.optimum()) + interval + ".";
            case FINEST -> "A parabola in log G still falls at the finest granularity tried, G = "
                    + Figures.granularity(fit.optimum()) + interval + ": finer may be better.";
            case COARSEST -> "A parabola in log G rises from the coarsest granularity tried, G = "
                    + Figures.granularity(fit.optimum()) + interval + ": cutting finer does not pay here.";
        });
        if (fit.points() == 3) {
            warnings.add("Three granularities determine the parabola: nothing checks its shape.");
        }
    }

    private static void diverged(List<Ranking.Row> rows, List<String> warnings) {
        for (Ranking.Row row : rows) {
            if (!Double.isFinite(row.arm().validationLoss().mean())) {
                warnings.add(row.arm().label() + " diverged: its loss is not a number. A lower learning rate may help.");
            }
        }
    }

    private static void unequalCompute(List<Ranking.Row> rows, List<String> warnings) {
        double least = rows.stream().mapToDouble(row -> row.arm().flops()).min().orElseThrow();
        double most = rows.stream().mapToDouble(row -> row.arm().flops()).max().orElseThrow();
        if (most > least * (1 + UNEQUAL)) {
            warnings.add("The arms did not spend the same compute: " + Figures.power(least) + " to " + Figures.power(most) + " FLOPs.");
        }
    }
}
