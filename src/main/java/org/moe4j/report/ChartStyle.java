package org.moe4j.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.moe4j.analysis.SeedSummary;

/**
 * One look for all charts. Colours are those of Okabe and Ito, which people with any colour vision tell apart; the arms of the
 * family that is cut finer and finer go from light to dark blue, so that order is seen without the legend. An arm keeps
 * its colour from chart to chart.
 */
public final class ChartStyle {
    static final int WIDTH = 860;
    static final int HEIGHT = 480;
    static final Color BLUE = new Color(0x0072B2);
    static final Color INK = new Color(0x222222);
    static final Color FAINT = new Color(0xE4E4E4);
    static final BasicStroke SOLID = new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    static final BasicStroke THIN = new BasicStroke(1.3f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    static final BasicStroke DASHED = dashes(8, 5);

    private static final List<Color> SINGLES = List.of(new Color(0x444444), new Color(0xE69F00), new Color(0xCC79A7),
            new Color(0x009E73), new Color(0xD55E00), new Color(0x56B4E9));
    private static final List<BasicStroke> SINGLE_LINES = List.of(dashes(8, 5), dashes(2, 4), dashes(9, 4, 2, 4), dashes(4, 3),
            dashes(12, 4), SOLID);
    private static final List<Marker> MARKERS = List.of(SeriesMarkers.SQUARE, SeriesMarkers.TRIANGLE_UP, SeriesMarkers.DIAMOND,
            SeriesMarkers.TRIANGLE_DOWN, SeriesMarkers.CROSS, SeriesMarkers.PLUS);

    /** How an arm is drawn. */
    record Look(Color color, BasicStroke stroke, Marker marker) {
        Look bare() {
            return new Look(color, stroke, SeriesMarkers.NONE);
        }

        void applyTo(XYSeries series) {
            series.setMarker(marker);
            series.setMarkerColor(color);
            series.setLineColor(color);
            series.setLineStyle(stroke);
        }
    }

    private final Map<String, Look> looks = new HashMap<>();

    ChartStyle(List<SeedSummary> arms) {
        List<SeedSummary> series = series(arms);
        int singles = 0;
        for (SeedSummary arm : arms) {
            int place = series.indexOf(arm);
            if (place >= 0) {
                looks.put(arm.label(), new Look(shade(series.size() == 1 ? 0.6 : (double) place / (series.size() - 1)), SOLID, SeriesMarkers.CIRCLE));
            } else {
                looks.put(arm.label(), single(singles++));
            }
        }
    }

    /** How the i-th of lines that are no series is drawn. */
    static Look single(int i) {
        int j = i % SINGLES.size();
        return new Look(SINGLES.get(j), SINGLE_LINES.get(j), MARKERS.get(j));
    }

    Look of(SeedSummary arm) {
        return looks.get(arm.label());
    }

    /** The arms of the family with the most granularities, coarsest first; empty if none has two. */
    static List<SeedSummary> series(List<SeedSummary> arms) {
        List<SeedSummary> longest = List.of();
        for (String family : arms.stream().map(SeedSummary::architecture).distinct().toList()) {
            List<SeedSummary> members = new ArrayList<>(arms.stream()
                    .filter(arm -> arm.architecture().equals(family) && arm.granularity() > 0).toList());
            members.sort(Comparator.comparingInt(SeedSummary::granularity));
            if (members.size() > Math.max(1, longest.size())) longest = members;
        }
        return longest;
    }

    /** An empty chart in this look, to add series to. */
    public static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(x).yAxisTitle(y).build();
        XYStyler style = chart.getStyler();
        style.setLocale(Locale.ROOT);
        style.setBaseFont(font(Font.PLAIN, 14));
        style.setChartTitleFont(font(Font.BOLD, 17));
        style.setChartTitleBoxVisible(false);
        style.setChartTitlePadding(10);
        style.setChartFontColor(INK);
        style.setChartBackgroundColor(Color.WHITE);
        style.setChartPadding(14);
        style.setAxisTitleFont(font(Font.PLAIN, 14));
        style.setAxisTickLabelsFont(font(Font.PLAIN, 13));
        style.setAxisTitlePadding(10);
        style.setAxisTickMarksColor(new Color(0x999999));
        style.setPlotBackgroundColor(Color.WHITE);
        style.setPlotBorderVisible(false);
        style.setPlotGridLinesColor(FAINT);
        style.setPlotGridLinesStroke(new BasicStroke(1));
        style.setPlotGridVerticalLinesVisible(false);
        style.setLegendFont(font(Font.PLAIN, 13));
        style.setLegendPosition(Styler.LegendPosition.OutsideE);
        style.setLegendBorderColor(Color.WHITE);
        style.setLegendBackgroundColor(Color.WHITE);
        style.setLegendSeriesLineLength(30);
        style.setLegendPadding(8);
        style.setMarkerSize(9);
        style.setErrorBarsColorSeriesColor(true);
        return chart;
    }

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }

    private static BasicStroke dashes(float... lengths) {
        return new BasicStroke(2.0f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, lengths, 0);
    }

    /** From light over full to dark blue, so that neighbours differ in lightness too. */
    private static Color shade(double depth) {
        return depth < 0.5 ? mix(new Color(0x9CD6F4), new Color(0x2A7FC0), 2 * depth)
                : mix(new Color(0x2A7FC0), new Color(0x0A1C48), 2 * depth - 1);
    }

    private static Color mix(Color from, Color to, double share) {
        return new Color(mix(from.getRed(), to.getRed(), share), mix(from.getGreen(), to.getGreen(), share),
                mix(from.getBlue(), to.getBlue(), share));
    }

    private static int mix(int a, int b, double share) {
        return (int) Math.round(a + share * (b - a));
    }
}
