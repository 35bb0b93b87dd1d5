package org.moe4j.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.moe4j.analysis.GranularityFit;
import org.moe4j.analysis.SeedNoise;
import org.moe4j.analysis.SeedSummary;
import org.moe4j.report.ChartStyle.Look;

/**
 * Loss against granularity at equal compute: points with standard errors for the family that was cut, its fitted parabola
 * with the optimum and its interval, and a line across for every other arm.
 */
public final class GranularityChart {
    private static final double PLOT_WIDTH = 560; // about what the legend leaves
    private static final double TICK_SHARE = 1.1; // XChart rounds 0.75 to 1.5 units to one: a tick at each power of two

    private GranularityChart() {}

    /**
     * @param noise the error bars: each arm's standard error, what a seed does to all arms alike taken out
     * @param fit   the optimum to mark; empty leaves it out
     */
    public static XYChart of(List<SeedSummary> arms, SeedNoise noise, Optional<GranularityFit> fit) {
        List<SeedSummary> finite = arms.stream().filter(arm -> Double.isFinite(arm.validationLoss().mean())).toList();
        List<SeedSummary> series = ChartStyle.series(finite);
        XYChart chart = ChartStyle.chart("Loss against granularity, at equal compute",
                "granularity G = d_ff / d_expert", "validation loss (nats/token)");
        double from = log2(series.stream().mapToInt(SeedSummary::granularity).min().orElse(1)) - 0.35;
        double to = log2(series.stream().mapToInt(SeedSummary::granularity).max().orElse(2)) + 0.35;
        axes(chart, finite, noise, from, to);
        fit.ifPresent(f -> optimum(chart, f));
        if (!series.isEmpty()) points(chart, series, noise);
        ChartStyle style = new ChartStyle(arms);
        for (SeedSummary arm : finite) {
            if (!series.contains(arm)) across(chart, arm, style.of(arm), from, to);
        }
        return chart;
    }

    private static void axes(XYChart chart, List<SeedSummary> arms, SeedNoise noise, double from, double to) {
        chart.getStyler().setXAxisMin(from);
        chart.getStyler().setXAxisMax(to);
        chart.getStyler().setXAxisTickMarkSpacingHint(Math.max(12, (int) (TICK_SHARE * PLOT_WIDTH / (to - from))));
        chart.getStyler().setXAxisTickLabelsFormattingFunction(x ->
                Figures.fixed(Math.pow(2, x), Math.abs(x - Math.rint(x)) < 1e-6 ? 0 : 2));
        double low = arms.stream().mapToDouble(arm -> arm.validationLoss().mean() - error(arm, noise)).min().orElse(0);
        double high = arms.stream().mapToDouble(arm -> arm.validationLoss().mean() + error(arm, noise)).max().orElse(1);
        chart.getStyler().setPlotContentSize(1);
        double margin = 0.1 * Math.max(high - low, 1e-3);
        chart.getStyler().setYAxisMin(low - margin);
        chart.getStyler().setYAxisMax(high + margin);
        chart.getStyler().setYAxisDecimalPattern(high - low > 0.3 ? "0.00" : "0.000");
    }

    private static void points(XYChart chart, List<SeedSummary> series, SeedNoise noise) {
        double[] x = series.stream().mapToDouble(arm -> log2(arm.granularity())).toArray();
        double[] y = series.stream().mapToDouble(arm -> arm.validationLoss().mean()).toArray();
        double[] errors = series.stream().mapToDouble(arm -> error(arm, noise)).toArray();
        boolean measured = Arrays.stream(errors).anyMatch(e -> e > 0);
        String name = series.getFirst().label().replaceFirst("\\s*G\\s*=.*", "") + (measured ? " ± standard error" : "");
        XYSeries drawn = measured ? chart.addSeries(name, x, y, errors) : chart.addSeries(name, x, y);
        new Look(ChartStyle.BLUE, ChartStyle.SOLID, SeriesMarkers.CIRCLE).applyTo(drawn);
    }

    private static void optimum(XYChart chart, GranularityFit fit) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        double from = log2(fit.coarsest());
        double to = log2(fit.finest());
        for (int i = 0; i <= 60; i++) {
            double at = from + (to - from) * i / 60;
            x.add(at);
            y.add(fit.lossAt(Math.pow(2, at)));
        }
        Color color = new Color(0xD55E00);
        Look look = new Look(color, ChartStyle.THIN, SeriesMarkers.DIAMOND);
        look.bare().applyTo(chart.addSeries("parabola in log G", x, y));
        if (fit.shape() == GranularityFit.Shape.FLAT) return;
        double best = log2(fit.optimum());
        double loss = fit.lossAt(fit.optimum());
        if (Double.isFinite(fit.low())) {
            BasicStroke bar = new BasicStroke(7, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND);
            new Look(new Color(0xF2BF99), bar, SeriesMarkers.NONE).applyTo(chart.addSeries(
                    "95 % interval: " + Figures.granularity(fit.low()) + " to " + Figures.granularity(fit.high()),
                    new double[] {log2(fit.low()), log2(fit.high())}, new double[] {loss, loss}));
        }
        String name = fit.shape() == GranularityFit.Shape.INTERIOR ? "fitted optimum: G = " : "least at the edge: G = ";
        look.applyTo(chart.addSeries(name + Figures.granularity(fit.optimum()), new double[] {best}, new double[] {loss}));
    }

    private static void across(XYChart chart, SeedSummary arm, Look look, double from, double to) {
        double loss = arm.validationLoss().mean();
        look.bare().applyTo(chart.addSeries(arm.label(), new double[] {from, to}, new double[] {loss, loss}));
    }

    private static double error(SeedSummary arm, SeedNoise noise) {
        return noise.known() ? noise.deviation() / Math.sqrt(arm.seeds()) : 0;
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }
}
