package org.moe4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
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
    private static final String HEAD = "curve,work,size,threads,variable,value,median_s,heap_bytes,expected";

    private final Forks forks;
    private final int threads;
    private final Map<String, Measured> done = new HashMap<>();

    /**
     * One curve.
     *
     * @param name what chooses it
     * @param key what varies: a value of the size, or threads
     * @param memory whether the heap is drawn, not the time
     */
    record Curve(String name, String title, String work, Size size, String key, int[] values, Law law, boolean memory) {
        Size at(int value) {
            return key.equals(THREADS) ? size : size.with(key, value);
        }

        int threads(int value, int usual) {
            return key.equals(THREADS) ? value : usual;
        }

        /** The title where commas divide. */
        private String cell() {
            return title.replace(',', ';');
        }
    }

    /**
     * A measured point of a curve, as a line of the table has it.
     *
     * @param median in seconds
     * @param heap in bytes
     * @param expected in the unit of what is drawn
     */
    record Point(String work, String size, int threads, int value, double median, long heap, double expected) {
        static Point read(String[] cells) {
            return new Point(cells[1], cells[2], Integer.parseInt(cells[3]), Integer.parseInt(cells[5]), Double.parseDouble(cells[6]), Long.parseLong(cells[7]),
                Double.parseDouble(cells[8]));
        }

        String line(Curve curve) {
            return String.format(Locale.ROOT, "%s,%s,%s,%d,%s,%d,%.4e,%d,%.4e", curve.cell(), work, size, threads, curve.key, value, median, heap, expected);
        }

        double drawn(Curve curve) {
            return curve.memory ? heap : median;
        }
    }

    Scaling(Forks forks, int threads) {
        this.forks = forks;
        this.threads = threads;
    }

    static List<Curve> curves() {
        Size peer = Catalog.named("peer-step").first().with("pass", "update");
        Size mixture = Catalog.named("moe-step").first().with("pass", "gradient");
        Size model = Catalog.named("lm-step").first();
        int[] squares = {64 * 64, 128 * 128, 256 * 256, 512 * 512, 1024 * 1024};
        int[] processors = IntStream.rangeClosed(1, Runtime.getRuntime().availableProcessors()).toArray();
        return List.of(
            new Curve("moe-experts", "MoE step against experts, 2 for a token", "moe-step", mixture, "experts", new int[] {8, 16, 32, 64, 128}, Law.FLAT, false),
            new Curve("peer-experts", "PEER step against experts", "peer-step", peer, "experts", squares, Law.SQUARE_ROOT, false),
            new Curve("stored-experts", "Step with experts in files, 1 for a token", "stored-step", Catalog.named("stored-step").first(), "experts",
                new int[] {64, 256, 1024, 4096}, Law.FLAT, false),
            new Curve("moe-tokens", "MoE step against tokens", "moe-step", mixture, "tokens", new int[] {512, 1024, 2048, 4096}, Law.LINEAR, false),
            new Curve("peer-tokens", "PEER step against tokens", "peer-step", peer.with("experts", squares[2]), "tokens", new int[] {128, 256, 512, 1024}, Law.LINEAR, false),
            new Curve("moe-threads", "MoE step against threads", "moe-step", mixture, THREADS, processors, Law.INVERSE, false),
            new Curve("peer-threads", "PEER step against threads", "peer-step", peer.with("experts", squares[2]), THREADS, processors, Law.INVERSE, false),
            new Curve("lm-threads", "Language model against threads", "lm-step", model, THREADS, processors, Law.INVERSE, false),
            new Curve("peer-memory", "Memory of a PEER step against experts", "peer-step", peer, "experts", squares, Law.LINEAR, true),
            new Curve("lm-memory", "Memory of a language model against sequence", "lm-step", model.with("batch", 2), "sequence", new int[] {128, 256, 512, 1024},
                Law.LINEAR, true));
    }

    /**
     * Measures curves, prints them, and puts them into the table and the picture of a folder, which keep what they have of other curves.
     *
     * @param names those of the curves, all where there are none
     * @param out the folder, null for none
     */
    void run(List<String> names, Path out) throws RunnerException {
        Map<Curve, List<Point>> drawn = new HashMap<>();
        for (Curve curve : curves()) {
            if (!names.isEmpty() && !names.contains(curve.name)) {
                continue;
            }
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
                System.out.printf(Locale.ROOT, "  %s %,d: %.4g ms, %,d MB%n", curve.key, values[i], 1e3 * points.get(i).median(), points.get(i).heap() >> 20);
            }
            drawn.put(curve, IntStream.range(0, x.length).mapToObj(i -> new Point(curve.work, points.get(i).size().toString(), points.get(i).threads(), values[i],
                points.get(i).median(), points.get(i).heap(), expected[i])).toList());
            if (out != null) {
                write(drawn, out);
            }
        }
        if (out != null) {
            System.out.println("Written: " + out.resolve("scaling.csv") + ", scaling.png");
        }
    }

    /** Curves in their order, the others as the folder's table has them. */
    static void write(Map<Curve, List<Point>> measured, Path out) {
        List<String> csv = new ArrayList<>(List.of(HEAD));
        List<XYChart> charts = new ArrayList<>();
        List<String[]> before = table(out.resolve("scaling.csv"));
        for (Curve curve : curves()) {
            List<Point> points = measured.entrySet().stream().filter(e -> e.getKey().name.equals(curve.name)).findFirst().map(Map.Entry::getValue)
                .orElseGet(() -> before.stream().filter(cells -> cells[0].equals(curve.cell())).map(Point::read).toList());
            if (!points.isEmpty()) {
                points.forEach(p -> csv.add(p.line(curve)));
                charts.add(chart(curve.title, curve.key, curve.memory, curve.law, points.stream().mapToDouble(Point::value).toArray(),
                    points.stream().mapToDouble(p -> p.drawn(curve)).toArray(), points.stream().mapToDouble(Point::expected).toArray()));
            }
        }
        AtomicFile.write(out.resolve("scaling.csv"), String.join("\n", csv) + "\n");
        AtomicFile.write(out.resolve("scaling.png"), Panels.png(charts, Math.min(PANELS_A_ROW, charts.size())));
    }

    /** The lines of a table that is there already, without its head. */
    private static List<String[]> table(Path csv) {
        if (!Files.exists(csv)) {
            return List.of();
        }
        try {
            return Files.readAllLines(csv).stream().skip(1).map(line -> line.split(",")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
