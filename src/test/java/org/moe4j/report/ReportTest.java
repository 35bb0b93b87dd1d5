package org.moe4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.analysis.GranularityFit;
import org.moe4j.analysis.Ranking;
import org.moe4j.analysis.SyntheticSweep;
import org.moe4j.io.InputException;
import org.moe4j.sweep.TrialSummary;
import org.w3c.dom.Document;
import tech.tablesaw.api.Table;

class ReportTest {
    private static final List<TrialSummary> TRIALS = new SyntheticSweep(4, 0.02, 0.003, 3).trials();

    @TempDir Path folder;

    private static Report report(List<TrialSummary> trials) {
        return new Report("How <finely> & how surely?", trials, "seeds: [1, 2] # \"a\" < b\n", Map.of("command", "experiments/run granularity"));
    }

    @Test void writesEveryFile() throws Exception {
        List<Path> written = report(TRIALS).write(folder.resolve("new"));
        assertThat(written).extracting(path -> path.getFileName().toString()).containsExactly("report.html", "table.csv",
                "loss-by-granularity.png", "loss-by-granularity.svg", "loss-by-compute.png", "loss-by-compute.svg",
                "load-per-expert.png", "load-per-expert.svg");
        try (var files = Files.list(folder.resolve("new"))) {
            assertThat(files).as("no temporary file is left").containsExactlyInAnyOrderElementsOf(written);
        }
        for (Path path : written) {
            String name = path.toString();
            if (name.endsWith(".png")) assertThat(ImageIO.read(path.toFile()).getWidth()).isEqualTo(2 * ChartStyle.WIDTH);
            if (name.endsWith(".svg")) assertThat(xml(Files.readString(path)).getDocumentElement().getTagName()).isEqualTo("svg");
        }
    }

    @Test void thePageIsWellFormedAndLoadsNothing() throws Exception {
        report(TRIALS).write(folder);
        String html = Files.readString(folder.resolve("report.html"));
        Document page = xml(html.replace("<!DOCTYPE html>", ""));
        assertThat(page.getElementsByTagName("svg").getLength()).isEqualTo(3);
        assertThat(page.getElementsByTagName("tr").getLength()).isEqualTo(1 + 8);
        assertThat(page.getElementsByTagName("h1").item(0).getTextContent()).isEqualTo("How <finely> & how surely?");
        assertThat(page.getElementsByTagName("pre").item(0).getTextContent()).isEqualTo("seeds: [1, 2] # \"a\" < b\n");
        assertThat(html).doesNotContainPattern("(src|href|url)\\s*[=(]\\s*[\"']?(https?:|//|file:)")
                .doesNotContain("<script", "<link", "@import", "<image", "<!ENTITY");
    }

    @Test void theTableParsesBackWithItsTypesAndGaps() {
        ResultTable table = report(TRIALS).table();
        Table read = Table.read().csv(table.csv(), "sweep");
        assertThat(read.columnNames()).isEqualTo(table.table().columnNames());
        assertThat(read.rowCount()).isEqualTo(8);
        assertThat(read.stringColumn("arm").asList()).startsWith("dense", "MoE G=1", "MoE G=2").endsWith("PKM", "PEER");
        assertThat(read.numberColumn("validation_loss").getDouble(3))
                .isCloseTo(table.rows().get(3).arm().validationLoss().mean(), within(1e-12));
        assertThat(read.numberColumn("expert_usage").isMissing(0)).as("dense has no experts").isTrue();
    }

    @Test void theTerminalGetsAlignedAscii() {
        String text = report(TRIALS).text();
        assertThat(text).matches(s -> s.chars().allMatch(c -> c < 128), "ASCII");
        List<String> rows = text.lines().takeWhile(line -> !line.isEmpty()).toList();
        assertThat(rows).hasSize(9);
        assertThat(rows).extracting(String::length).containsOnly(rows.getFirst().length());
        assertThat(text).contains("the best granularity here is G = 4").doesNotContain("Note:");
    }

    @Test void theSameTrialsGiveTheSameFiles() throws Exception {
        report(TRIALS).write(folder.resolve("a"));
        report(TRIALS).write(folder.resolve("b"));
        for (String name : List.of("report.html", "loss-by-granularity.svg", "table.csv")) {
            assertThat(folder.resolve("a").resolve(name)).hasSameBinaryContentAs(folder.resolve("b").resolve(name));
        }
    }

    @Test void oneTrialOrNoneOrDivergedOnesAreNoTrouble() {
        assertThatThrownBy(() -> report(List.of())).isInstanceOf(InputException.class).hasMessageContaining("no finished trial");
        TrialSummary dense = TRIALS.getFirst();
        assertThat(report(List.of(dense)).write(folder.resolve("one"))).hasSize(6); // no experts, no chart of their load
        assertThat(report(List.of(dense)).headline().answer()).startsWith("At 2.00e12 training FLOPs the best arm here is dense, with");

        TrialSummary bad = new TrialSummary("MoE G=1", "MoE", 1, 8, 1, 2, 3, 2e12, 1, Double.NaN, Double.NaN, 1, 0, 1, new double[8], List.of());
        Report diverged = report(List.of(dense, bad));
        assertThat(diverged.headline().warnings()).anyMatch(warning -> warning.startsWith("MoE G=1 diverged"));
        assertThat(diverged.write(folder.resolve("bad"))).contains(folder.resolve("bad/loss-by-granularity.png"));
        assertThat(report(List.of(bad)).headline().answer()).isEqualTo("No arm finished with a finite loss.");
        assertThat(report(List.of(bad)).write(folder.resolve("worse"))).contains(folder.resolve("worse/report.html"));
    }

    @Test void theHeadlineClaimsNoMoreThanTheTrialsSay() {
        assertThat(headline(new SyntheticSweep(4, 0.02, 0.003, 1)).warnings()).anyMatch(w -> w.startsWith("One seed"));
        assertThat(headline(new SyntheticSweep(4, 0.02, 0.003, 1)).text()).contains("cannot be told from one seed").doesNotContain("interval");
        assertThat(headline(new SyntheticSweep(4, 0.02, 0.003, 2)).warnings()).anyMatch(w -> w.startsWith("Only 2 seeds"));
        assertThat(headline(new SyntheticSweep(4, 0.02, 0.003, 3)).text()).contains("optimum at G = 4", "95 % interval");
        assertThat(headline(new SyntheticSweep(4096, 0.01, 0.001, 3)).text()).contains("best arm here is PEER", "Among the granularities the lowest loss is that of G = 16");
        assertThat(headline(new SyntheticSweep(4, 0, 0.01, 3)).answer()).contains("finds no best granularity");
        assertThat(headline(new SyntheticSweep(64, 0.01, 0.001, 3)).text()).contains("still falls at the finest");
        assertThat(headline(new SyntheticSweep(0.5, 0.01, 0.001, 3)).text()).contains("cutting finer does not pay here");
    }

    @Test void numbersReadWell() {
        assertThat(List.of(Figures.count(950), Figures.count(1234), Figures.count(999_600), Figures.count(12_345_678), Figures.count(4e9)))
                .containsExactly("950", "1.23 k", "1.00 M", "12.3 M", "4.00 G");
        assertThat(List.of(Figures.power(2e12), Figures.power(1.5e-7), Figures.percent(0.999), Figures.percent(1), Figures.percent(0.42)))
                .containsExactly("2.00e12", "1.50e-07", "99.9 %", "100 %", "42 %");
        assertThat(List.of(Figures.granularity(4), Figures.granularity(3.62), Figures.granularity(31.7))).containsExactly("4", "3.6", "32");
        assertThat(Figures.count(Double.NaN)).isEqualTo("–");
    }

    private static Headline headline(SyntheticSweep sweep) {
        return Headline.of(Ranking.of(sweep.trials()), GranularityFit.of(sweep.trials()));
    }

    private static Document xml(String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }
}
