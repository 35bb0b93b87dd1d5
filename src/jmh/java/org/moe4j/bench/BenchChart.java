package org.moe4j.bench;

import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.HorizontalBarChartBuilder;
import org.knowm.xchart.style.Styler;

/** Each work's share of the peak that bounds it and, where there were peers, its ratio to the fastest of them. */
final class BenchChart {
    private static final int WIDTH = 900;
    private static final int BAR = 15;
    private static final int AROUND = 150;
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

    private static HorizontalBarChart chart(String title, String x, List<Measured> rows, ToDoubleFunction<Measured> value) {
        List<String> labels = rows.stream().map(BenchChart::label).distinct().toList();
        List<Integer> threads = rows.stream().map(Measured::threads).distinct().sorted().toList();
        HorizontalBarChart chart = new HorizontalBarChartBuilder().width(WIDTH).height(AROUND + labels.size() * (8 + BAR * threads.size()))
            .title(title).xAxisTitle(x).build();
        var style = chart.getStyler();
        style.setLocale(Locale.ROOT);
        style.setBaseFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        style.setXAxisTickMarkSpacingHint(BAR); // which the other axis takes for its own: a label for every work
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
                .mapToDouble(value).map(v -> Math.round(100 * v) / 100.0).findFirst().orElse(0)).toList();
            chart.addSeries(n == 1 ? "1 thread" : n + " threads", values, labels);
        }
        return chart;
    }

    private static String label(Measured row) {
        return row.entry().label(row.size());
    }
}
