package org.moe4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.knowm.xchart.XYChart;
import org.moe4j.analysis.GranularityFit;
import org.moe4j.analysis.Ranking;
import org.moe4j.analysis.SeedSummary;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.sweep.TrialSummary;

/** A sweep's results as a reader gets them: {@link #text} for the terminal, {@link #write} for a folder. */
public final class Report {
    private final String title;
    private final String spec;
    private final Map<String, String> provenance;
    private final List<SeedSummary> arms;
    private final Ranking ranking;
    private final Optional<GranularityFit> fit;
    private final Headline headline;
    private final ResultTable table;
    private String undrawn; // why there are no charts, once writing has found out

    /**
     * @param title      of the page
     * @param trials     every finished trial, in the order of the sweep
     * @param spec       the full spec as YAML
     * @param provenance where the result came from, in the order to show: command, commit, JVM, processor, ...
     * @throws InputException if there is no trial
     */
    public Report(String title, List<TrialSummary> trials, String spec, Map<String, String> provenance) {
        if (trials.isEmpty()) {
            throw new InputException("There is no finished trial to report on; let at least one finish.");
        }
        this.title = title;
        this.spec = spec;
        this.provenance = new LinkedHashMap<>(provenance);
        arms = SeedSummary.of(trials);
        ranking = Ranking.of(trials);
        fit = GranularityFit.of(trials);
        headline = Headline.of(ranking, fit);
        table = ResultTable.inOrder(ranking, arms);
    }

    public Headline headline() {
        return headline;
    }

    public ResultTable table() {
        return table;
    }

    /** Table, answer and warnings for the terminal (of writing too, if that was before), in ASCII so that any terminal shows them. */
    public String text() {
        String lines = table.text() + "\n" + headline.answer() + "\n" + String.join("\n", headline.details())
                + String.join("", warnings().stream().map(warning -> "\nNote: " + warning).toList()) + "\n";
        return TextTable.ascii(lines);
    }

    /**
     * Writes table.csv, loss-by-granularity, loss-by-compute and load-per-expert as .png and .svg, and report.html, each wholly
     * or not at all, the page last.
     *
     * @return the files written, the page first
     * @throws InputException if one cannot be written
     */
    public List<Path> write(Path folder) {
        List<Path> written = new ArrayList<>();
        written.add(folder.resolve("report.html"));
        written.add(folder.resolve("table.csv"));
        AtomicFile.write(written.getLast(), table.csv());
        Map<String, String> drawings = new LinkedHashMap<>();
        undrawn = null;
        try {
            for (Map.Entry<String, Supplier<XYChart>> chart : charts().entrySet()) {
                XYChart drawn = chart.getValue().get();
                drawings.put(chart.getKey(), Drawing.svg(drawn));
                written.add(folder.resolve(chart.getKey() + ".png"));
                AtomicFile.write(written.getLast(), Drawing.png(drawn));
                written.add(folder.resolve(chart.getKey() + ".svg"));
                AtomicFile.write(written.getLast(), drawings.get(chart.getKey()));
            }
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException | LinkageError | InternalError e) { // what Java throws where the system has no fonts
            undrawn = "The charts could not be drawn (" + e + "). On a bare system, installing fontconfig and a font "
                    + "such as fonts-dejavu-core helps; nothing else is missing from this report.";
        }
        AtomicFile.write(written.getFirst(), new ReportPage(title, headline, warnings(), table, drawings, spec, provenance).html());
        return written;
    }

    private List<String> warnings() {
        List<String> warnings = new ArrayList<>(headline.warnings());
        if (undrawn != null) warnings.add(undrawn);
        return warnings;
    }

    private Map<String, Supplier<XYChart>> charts() {
        Map<String, Supplier<XYChart>> charts = new LinkedHashMap<>();
        charts.put("loss-by-granularity", () -> GranularityChart.of(arms, ranking.noise(), fit));
        charts.put("loss-by-compute", () -> ComputeChart.of(arms));
        if (arms.stream().anyMatch(arm -> !arm.sortedLoad().isEmpty())) {
            charts.put("load-per-expert", () -> LoadChart.of(arms));
        }
        return charts;
    }
}
