package org.moe4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.knowm.xchart.HorizontalBarChart;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.cli.Benchmarks;

/** What the table of benchmarks rests on: names, demands, medians of pairs, laws. */
class BenchTest {
    private static final Peaks PEAKS = new Peaks(100e9, 20e9, 200e9, 5e9);

    @Test
    void everyNameOfTheCommandIsAWork() {
        assertThat(Stream.concat(Catalog.ALL.stream().map(Catalog::work), Stream.of("memory", "scaling", "profile", "kernels"))).containsExactlyElementsOf(Benchmarks.NAMES);
    }

    @Test
    void everyNameOfACurveIsOne() {
        assertThat(Scaling.curves().stream().map(Scaling.Curve::name)).containsExactlyElementsOf(Benchmarks.CURVES);
    }

    /** The second run measures one of two curves anew; the table keeps its order, and the picture has both. */
    @Test
    void aTableKeepsTheCurvesThatAreNotMeasured(@TempDir Path out) throws IOException {
        Scaling.Curve experts = Scaling.curves().getFirst();
        Scaling.Curve tokens = Scaling.curves().get(3);
        Scaling.write(Map.of(tokens, points(0.5)), out);
        int one = ImageIO.read(out.resolve("scaling.png").toFile()).getWidth();
        Scaling.write(Map.of(experts, points(0.25)), out);
        assertThat(Files.readAllLines(out.resolve("scaling.csv")).stream().map(line -> line.split(",")[6])).containsExactly("median_s", "2.5000e-01", "2.5000e-01", "5.0000e-01", "5.0000e-01");
        assertThat(ImageIO.read(out.resolve("scaling.png").toFile()).getWidth()).isEqualTo(2 * one);
        Scaling.write(Map.of(experts, points(0.125)), out);
        assertThat(Files.readAllLines(out.resolve("scaling.csv")).stream().map(line -> line.split(",")[6])).containsExactly("median_s", "1.2500e-01", "1.2500e-01", "5.0000e-01", "5.0000e-01");
    }

    private static List<Scaling.Point> points(double seconds) {
        return Stream.of(8, 16).map(value -> new Scaling.Point("moe-step", "experts=8 topk=2", 1, value, seconds, 1000, seconds)).toList();
    }

    @Test
    void everyNameOfAGpuIsAWork() {
        assertThat(Catalog.ON_GPU.stream().map(Catalog::work)).containsExactlyElementsOf(Benchmarks.DEVICE_NAMES);
    }

    @Test
    void sizesAreToldApartByTheirLabels() {
        for (Catalog entry : Stream.concat(Catalog.ALL.stream(), Catalog.ON_GPU.stream()).toList()) {
            assertThat(entry.sizes().stream().map(size -> entry.label(Size.of(size)))).doesNotHaveDuplicates();
        }
        assertThat(Catalog.named("moe-step").label(Catalog.named("moe-step").first())).isEqualTo("moe-step pass=forward");
    }

    @Test
    void aLimitInMinutesCostsWarmUpFirstAndThenRounds() {
        Budget usual = Budget.of(5, false);
        double all = usual.seconds(Catalog.ALL, 2, true) / 60;
        assertThat(usual.within(1.01 * all, Catalog.ALL, 2, true)).isEqualTo(usual);
        Budget shorter = new Budget(3, 0.5, 300);
        assertThat(usual.within(1.01 * shorter.seconds(Catalog.ALL, 2, true) / 60, Catalog.ALL, 2, true)).isEqualTo(shorter);
        assertThat(usual.within(1, Catalog.ALL, 2, true).rounds()).isEqualTo(1);
        assertThat(usual.within(0.9 * all, Catalog.ALL, 2, true).rounds()).isEqualTo(5);
    }

    @Test
    void theBoundIsWhatTakesLongest() {
        Demand gathering = new Demand(1e9, 0, 0, 1e9);                            // 10 ms of multiply-adds, 200 ms of rows
        assertThat(gathering.bound(PEAKS)).isEqualTo("random rows");
        assertThat(gathering.seconds(PEAKS)).isCloseTo(0.2, within(1e-12));
        assertThat(gathering.rate(0.2)).isEqualTo(new Demand.Rate(5, "GB/s"));
        assertThat(new Demand(1e9, 1e8, 0, 0).bound(PEAKS)).isEqualTo("multiply-adds");
        assertThat(new Demand(1e9, 1e8, 0, 0).rate(0.02)).isEqualTo(new Demand.Rate(50, "GFLOP/s"));
        assertThat(new Demand(4e13, 1e8, 0, 0).rate(2)).isEqualTo(new Demand.Rate(20, "TFLOP/s"));
        assertThat(new Demand(0, 0, 1, 0).bound(PEAKS)).isEqualTo("cache");
        assertThat(new Demand(0, 1, 0, 0).bound(PEAKS)).isEqualTo("memory");
    }

    /** 16 slots of 32 floats: two tables read twice, and 6 rows of each table moved for each different row. */
    @Test
    void aPeerStepCountsTheRowsItMoves() {
        Size size = Size.of("experts=64 heads=2 topk=2 dim=32 tokens=4 pass=forward");
        try (Backend on = Backends.open("simd", 1)) {
            Work forward = LayerWork.peer(size, on);
            forward.run();
            assertThat(forward.demand().gathered()).isEqualTo(2 * 16 * 128);
            Work update = LayerWork.peer(size.with("pass", "update"), on);
            update.run();
            double different = (update.demand().gathered() - 4 * 16 * 128) / (6 * 128);
            assertThat(different).isBetween(4.0, 32.0).isEqualTo(Math.rint(different));
            Work halves = LayerWork.peer(Size.of(size + " table=bfloat16"), on);
            halves.run();
            assertThat(halves.demand().gathered()).as("half the bytes").isEqualTo(2 * 16 * 64);
        }
    }

    @Test
    void lawsAreFound() {
        double[] x = {1, 4, 16, 64};
        assertThat(Law.SQUARE_ROOT.fit(x, new double[] {5, 7, 11, 19})).containsExactly(new double[] {5, 7, 11, 19}, within(1e-9)); // 3 + 2 sqrt x
        assertThat(Law.INVERSE.fit(new double[] {1, 2}, new double[] {8, 4})).containsExactly(new double[] {8, 4}, within(1e-9));
        assertThat(Law.LINEAR.fit(x, new double[] {9, 8, 7, 6})).as("never one that falls").isSorted().hasSize(4);
    }

    /** Stopped before the second work's second thread: three bars, no fourth of length 0. */
    @Test
    void whatWasNotMeasuredHasNoBar(@TempDir Path out) throws IOException {
        Catalog steps = Catalog.named("moe-step");
        Size forward = steps.first();
        Size gradient = forward.with("pass", "gradient");
        List<Measured> rows = List.of(row(steps, forward, 1, 0.2), row(steps, forward, 2, 0.1), row(steps, gradient, 1, 0.4));
        HorizontalBarChart chart = BenchChart.chart("Seconds", "s", rows, Measured::median);
        assertThat(chart.getSeries("1 thread").getXData()).asInstanceOf(InstanceOfAssertFactories.list(Number.class)).containsExactly(BenchChart.barOf(0.2), BenchChart.barOf(0.4));
        assertThat(chart.getSeries("2 threads").getXData()).asInstanceOf(InstanceOfAssertFactories.list(Number.class)).containsExactly(BenchChart.barOf(0.1), null);
        Files.write(out.resolve("bench.png"), BenchChart.png(rows, Map.of(1, PEAKS, 2, PEAKS)));
        assertThat(ImageIO.read(out.resolve("bench.png").toFile()).getWidth()).isPositive();
    }

    /** Where a bar ends at a tick between two labels, the tick stays without. */
    @Test
    void theAxisHasLabelsAtRoundStepsOnly() {
        Catalog steps = Catalog.named("moe-step");
        List<Measured> rows = List.of(row(steps, steps.first(), 1, 95), row(steps, steps.first().with("pass", "gradient"), 1, 30));
        Function<Double, String> labels = BenchChart.chart("Seconds", "s", rows, Measured::median).getStyler().getxAxisTickLabelsFormattingFunction();
        assertThat(labels.apply(90.0)).isEqualTo("90");
        assertThat(labels.apply(95.0)).isBlank();
        assertThat(labels.apply(BenchChart.barOf(95))).isEqualTo("95");
        assertThat(labels.apply(BenchChart.barOf(30))).isEqualTo("30");
    }

    private static Measured row(Catalog work, Size size, int threads, double seconds) {
        return new Measured(work, size, threads, new double[] {seconds}, Demand.flops(5e9), 0, List.of(new Measured.Against("torch", 2 * seconds, 2)));
    }

    @Test
    void axesHaveAtMostTenRoundLabels() {
        assertThat(BenchChart.step(92.2)).isCloseTo(10, within(1e-9));
        assertThat(BenchChart.step(1.51)).isCloseTo(0.2, within(1e-9));
        assertThat(BenchChart.step(10)).isCloseTo(1, within(1e-9));
        assertThat(BenchChart.step(4.3)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void aCurveOfWhatDoublesHasTheValuesOnItsAxis() {
        double[] x = {4096, 16384, 65536};
        double[] y = {0.02, 0.03, 0.05};
        Function<Double, String> labels = Scaling.chart("A curve", "experts", false, Law.SQUARE_ROOT, x, y, y).getStyler().getxAxisTickLabelsFormattingFunction();
        assertThat(labels.apply(12.0)).isEqualTo("4,096");
        assertThat(labels.apply(12.5)).isBlank();
        assertThat(Scaling.chart("A curve", "threads", false, Law.INVERSE, x, y, y).getStyler().getxAxisTickLabelsFormattingFunction().apply(2.0)).isEqualTo("2");
    }

    /** In a process of its own by the launcher: with 16,384 experts of width 64 the tables and moments are 25.2 MB, or half of that. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theMemoryOfAStepIsThatOfItsProcess() {
        Size size = Size.of("experts=16384 heads=2 topk=4 dim=64 tokens=32 pass=update table=float32");
        ResidentMemory whole = ResidentMemory.of(size, 1, List.of(), true);
        ResidentMemory half = ResidentMemory.of(size.with("table", "bfloat16"), 1, List.of(), true);
        assertThat(whole.tables()).isEqualTo(2L * 16384 * 64 * 3 * Float.BYTES).isEqualTo(2 * half.tables());
        assertThat(whole.resident() - whole.tables()).isBetween(30_000_000L, 400_000_000L);
        assertThat(half.resident() - half.tables()).isBetween(30_000_000L, 400_000_000L);
        assertThat(ResidentMemory.sizes()).extracting(each -> each.values().getOrDefault("table", "float32")).containsExactly("float32", "bfloat16");
    }

    @Test
    void theLineOfAResidentMemoryIsInTheColumns() {
        Size size = Catalog.named("peer-step").first().with("pass", "update");
        ResidentMemory row = new ResidentMemory(size, 2, 8_000_000_000L, 6_000_000_000L, List.of(new ResidentMemory.Against("torch 1.13 sparse", 10_000_000_000L)));
        assertThat(row.lines()).containsExactly("memory," + size + ",2,,8000.00,MB,0.7500,torch 1.13 sparse,,1.250");
        assertThat(row.words()).isEqualTo("2,000 MB beside the 6,000 of tables and moments, 1.25 torch 1.13 sparse");
        assertThat(row.label()).isEqualTo("memory, peer-step pass=update");
        assertThat(new ResidentMemory(size, 2, 8_000_000_000L, 6_000_000_000L, List.of()).lines()).containsExactly("memory," + size + ",2,,8000.00,MB,0.7500,,,");
    }

    @Test
    void medianOfPairs() {
        assertThat(Measured.median(3, 1, 2)).isEqualTo(2);
        assertThat(Measured.median(4, 1, 2, 3)).isEqualTo(2.5);
    }
}
