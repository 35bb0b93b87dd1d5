package org.moe4j.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

import org.knowm.xchart.XYChart;
import org.moe4j.io.AtomicFile;
import org.moe4j.report.LineChart;
import org.openjdk.jmh.runner.RunnerException;

/** Curves of time and memory against what they should depend on, each with the law that is expected of it. */
final class Scaling {
    private static final String THREADS = "threads";
    private static final int PANELS_A_ROW = 3;

    private final Forks forks;
    private final int threads;
    private final Map<String, Measured> done = new HashMap<>();

    /**
     * One curve.
     *
     * @param key what varies: a value of the size, or threads
     * @param memory whether the heap is drawn, not the time
     */
    private record Curve(String title, String work, Size size, String key, int[] values, Law law, boolean memory) {
        Size at(int value) {
            return key.equals(THREADS) ? size : size.with(key, value);
        }

        int threads(int value, int usual) {
            return key.equals(THREADS) ? value : usual;
        }
    }

    Scaling(Forks forks, int threads) {
        this.forks = forks;
        this.threads = threads;
    }

    private static List<Curve> curves() {
        Size peer = Catalog.named("peer-step").first().with("pass", "update");
        Size mixture = Catalog.named("moe-step").first().with("pass", "gradient");
        Size model = Catalog.named("lm-step").first();
        int[] squares = {64 * 64, 128 * 128, 256 * 256, 512 * 512, 1024 * 1024};
        int[] processors = IntStream.rangeClosed(1, Runtime.getRuntime().availableProcessors()).toArray();
        return List.of(
            new Curve("MoE step against experts, 2 for a token", "moe-step", mixture, "experts", new int[] {8, 16, 32, 64, 128}, Law.FLAT, false),
            new Curve("PEER step against experts", "peer-step", peer, "experts", squares, Law.SQUARE_ROOT, false),
            new Curve("Step with experts in files, 1 for a token", "stored-step", Catalog.named("stored-step").first(), "experts",
                new int[] {64, 256, 1024, 4096}, Law.FLAT, false),
            new Curve("MoE step against tokens", "moe-step", mixture, "tokens", new int[] {512, 1024, 2048, 4096}, Law.LINEAR, false),
            new Curve("PEER step against tokens", "peer-step", peer.with("experts", squares[2]), "tokens", new int[] {128, 256, 512, 1024}, Law.LINEAR, false),
            new Curve("MoE step against threads", "moe-step", mixture, THREADS, processors, Law.INVERSE, false),
            new Curve("PEER step against threads", "peer-step", peer.with("experts", squares[2]), THREADS, processors, Law.INVERSE, false),
            new Curve("Language model against threads", "lm-step", model, THREADS, processors, Law.INVERSE, false),
            new Curve("Memory of a PEER step against experts", "peer-step", peer, "experts", squares, Law.LINEAR, true),
            new Curve("Memory of a language model against sequence", "lm-step", model.with("batch", 2), "sequence", new int[] {128, 256, 512, 1024},
                Law.LINEAR, true));
    }

    void run(Path out) throws RunnerException {
        List<String> csv = new ArrayList<>(List.of("curve,work,size,threads,variable,value,median_s,heap_bytes,expected"));
        List<XYChart> charts = new ArrayList<>();
        for (Curve curve : curves()) {
            List<Measured> points = new ArrayList<>();
            int[] values = Arrays.stream(curve.values).filter(value -> fits(curve, value)).toArray();
            for (int value : values) {
                points.add(measure(curve.work, curve.at(value), curve.threads(value, threads)));
            }
            double[] x = Arrays.stream(values).asDoubleStream().toArray();
            double[] y = points.stream().mapToDouble(p -> curve.memory ? p.heap() : p.median()).toArray();
            double[] expected = curve.law.fit(x, y);
            double off = IntStream.range(0, x.length).mapToDouble(i -> Math.abs(y[i] / expected[i] - 1)).max().orElse(0);
            System.out.printf(Locale.ROOT, "%s: expected %s, at most %.0f %% off%n", curve.title, curve.law.formula, 100 * off);
            for (int i = 0; i < x.length; i++) {
                Measured p = points.get(i);
                System.out.printf(Locale.ROOT, "  %s %,d: %.4g ms, %,d MB%n", curve.key, values[i], 1e3 * p.median(), p.heap() >> 20);
                csv.add(String.format(Locale.ROOT, "%s,%s,%s,%d,%s,%d,%.4e,%d,%.4e", curve.title.replace(',', ';'), curve.work, p.size(), p.threads(), curve.key,
                    values[i], p.median(), p.heap(), expected[i]));
            }
            charts.add(chart(curve.title, curve.key, curve.memory, curve.law, x, y, expected));
            if (out != null) {
                AtomicFile.write(out.resolve("scaling.csv"), String.join("\n", csv) + "\n");
                AtomicFile.write(out.resolve("scaling.png"), Panels.png(charts, Math.min(PANELS_A_ROW, charts.size())));
            }
        }
        if (out != null) {
            System.out.println("Written: " + out.resolve("scaling.csv") + ", scaling.png");
        }
    }

    private static boolean fits(Curve curve, int value) {
        String refusal = Memory.refusal(Catalog.named(curve.work), curve.at(value), List.of());
        if (refusal != null) {
            System.out.println(refusal);
        }
        return refusal == null;
    }

    /** Curves share points. */
    private Measured measure(String work, Size size, int threads) throws RunnerException {
        String point = work + " " + size + " " + threads;
        if (!done.containsKey(point)) {
            done.put(point, forks.measure(Catalog.named(work), size, threads, List.of()));
        }
        return done.get(point);
    }

    /** In milliseconds or megabytes; what doubles from point to point is drawn by its logarithm. */
    static XYChart chart(String title, String key, boolean memory, Law law, double[] x, double[] y, double[] expected) {
        double scale = memory ? 1e-6 : 1e3;
        boolean doubles = !key.equals(THREADS);
        double[] places = doubles ? Arrays.stream(x).map(Scaling::log2).toArray() : x;
        XYChart chart = LineChart.of(title, key, memory ? "heap (MB)" : "median time (ms)",
            List.of(line("measured", places, y, scale), line(law.formula, places, expected, scale)));
        chart.getStyler().setXAxisTickLabelsFormattingFunction(place -> doubles ? ifWhole(place, Math.pow(2, place)) : ifWhole(place, place));
        chart.getStyler().setYAxisMin(0.0);
        return chart;
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    /** The axis of a chart has ticks between whole places too: no label there. */
    private static String ifWhole(double place, double value) {
        return Math.abs(place - Math.rint(place)) < 1e-6 ? String.format(Locale.ROOT, "%,.0f", value) : " ";
    }

    private static LineChart.Line line(String label, double[] x, double[] y, double scale) {
        return new LineChart.Line(label, Arrays.stream(x).boxed().toList(), Arrays.stream(y).map(v -> scale * v).boxed().toList(),
            Arrays.stream(y).map(_ -> 0).boxed().toList());
    }
}
