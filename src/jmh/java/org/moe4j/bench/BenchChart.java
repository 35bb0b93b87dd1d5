package org.moe4j.bench;

import java.awt.Color;
import java.awt.Font;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.HorizontalBarChartBuilder;
import org.knowm.xchart.style.Styler;

/** Each work's share of the peak that bounds it and, where there were peers, its ratio to the fastest of them. */
final class BenchChart {
    private static final int WIDTH = 900;
    private static final int BAR = 15;
    private static final int AROUND = 150;
    private static final double HAIR = 1e-9;
    private static final List<Color> BY_THREADS = List.of(new Color(0x0072B2), new Color(0xE69F00), new Color(0x009E73), new Color(0xCC79A7));

    private BenchChart() {}

    static byte[] png(List<Measured> rows, Map<Integer, Peaks> peaks) {
        List<HorizontalBarChart> charts = new ArrayList<>();
        charts.add(chart("Share of the machine's peak", "share of the bound it sits at (%)", rows, row -> 100 * row.peakShare(peaks.get(row.threads()))));
        List<Measured> paired = rows.stream().filter(row -> !row.peers().isEmpty()).toList();
        if (!paired.isEmpty()) {
            charts.add(chart("Speed beside the fastest peer", "time of the peer / ours (1 is a tie)", paired, row -> row.peers().getFirst().ratio()));
        }
        return Panels.png(charts, charts.size());
    }

    /** Bars by work and number of threads; no bar where a run was stopped before that work, or left it out. */
    static HorizontalBarChart chart(String title, String x, List<Measured> rows, ToDoubleFunction<Measured> value) {
        List<String> labels = rows.stream().map(BenchChart::label).distinct().toList();
        List<Integer> threads = rows.stream().map(Measured::threads).distinct().sorted().toList();
        HorizontalBarChart chart = new HorizontalBarChartBuilder().width(WIDTH).height(AROUND + labels.size() * (8 + BAR * threads.size()))
            .title(title).xAxisTitle(x).build();
        var style = chart.getStyler();
        style.setLocale(Locale.ROOT);
        style.setBaseFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        style.setXAxisTickMarkSpacingHint(BAR); // which the other axis takes for its own: a label for every work, and far too many for this one
        double step = step(rows.stream().mapToDouble(value).max().orElse(1));
        Set<Double> bars = rows.stream().map(row -> barOf(value.applyAsDouble(row))).collect(Collectors.toSet()); // their labels are formatted alike
        style.setXAxisTickLabelsFormattingFunction(v -> bars.contains(v) || Math.abs(v / step - Math.rint(v / step)) < 1e-6 ? format(v) : " ");
        style.setPlotContentSize(0.97);
        style.setPlotGridHorizontalLinesVisible(false);
        style.setChartTitleBoxVisible(false);
        style.setChartBackgroundColor(Color.WHITE);
        style.setPlotBackgroundColor(Color.WHITE);
        style.setPlotBorderVisible(false);
        style.setLegendPosition(Styler.LegendPosition.OutsideS);
        style.setLegendLayout(Styler.LegendLayout.Horizontal);
        style.setLegendBorderColor(Color.WHITE);
        style.setSeriesColors(threads.stream().map(n -> BY_THREADS.get(threads.indexOf(n) % BY_THREADS.size())).toArray(Color[]::new));
        style.setAvailableSpaceFill(0.8);
        style.setLabelsVisible(true);
        style.setLabelsPosition(1);
        style.setXAxisMin(0.0);
        for (int n : threads) {
            List<Double> values = labels.stream().map(label -> rows.stream().filter(row -> row.threads() == n && label(row).equals(label))
                .map(row -> barOf(value.applyAsDouble(row))).findFirst().orElse(null)).toList();
            chart.addSeries(n == 1 ? "1 thread" : n + " threads", values, labels);
        }
        return chart;
    }

    /** Between two labels of an axis to {@code most}: 1, 2 or 5 of a power of ten, so that there are at most ten. */
    static double step(double most) {
        double power = Math.pow(10, Math.floor(Math.log10(most / 10)));
        return power * (most <= 10 * power ? 1 : most <= 20 * power ? 2 : most <= 50 * power ? 5 : 10);
    }

    /** The value to two places and a hair more: no tick of the axis is equal to it, and gets a label for that. */
    static double barOf(double value) {
        return Math.round(100 * value) / 100.0 + HAIR;
    }

    private static String format(double value) {
        return BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros().toPlainString();
    }

    private static String label(Measured row) {
        return row.entry().label(row.size());
    }
}
