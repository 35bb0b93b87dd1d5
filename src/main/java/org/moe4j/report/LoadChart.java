package org.moe4j.report;

import java.util.List;
import org.knowm.xchart.XYChart;
import org.moe4j.analysis.SeedSummary;

/**
 * Load per expert, busiest first, relative to a uniform load: a flat line at 1 is perfect balance. The experts are counted in
 * percent, so that 8 of them and a million fit one axis.
 */
public final class LoadChart {
    private static final int POINTS = 100; // a million experts make no smoother line
    private static final double FLOOR = 0.01;

    private LoadChart() {}

    /** @param arms a line each, in this order; those without experts are left out */
    public static XYChart of(List<SeedSummary> arms) {
        XYChart chart = ChartStyle.chart("Load per expert", "experts, busiest first (%)", "load relative to uniform");
        double most = arms.stream().filter(arm -> !arm.sortedLoad().isEmpty())
                .mapToDouble(arm -> arm.sortedLoad().getFirst() * arm.sortedLoad().size()).max().orElse(1);
        boolean logarithmic = most > 6;
        chart.getStyler().setYAxisLogarithmic(logarithmic);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setXAxisMax(100.0);
        if (logarithmic) {
            chart.setYAxisTitle("load relative to uniform (log, " + FLOOR + " or less at the bottom)");
            chart.getStyler().setYAxisDecimalPattern("0.##");
        } else {
            chart.getStyler().setYAxisMin(0.0);
        }
        ChartStyle style = new ChartStyle(arms);
        for (SeedSummary arm : arms) {
            if (arm.sortedLoad().isEmpty()) continue;
            int experts = arm.sortedLoad().size();
            int points = Math.min(experts, POINTS);
            double[] x = new double[2 * points];
            double[] y = new double[2 * points];
            for (int i = 0; i < points; i++) { // a step an expert, or a step a sample of them
                int rank = i == 0 ? 0 : (int) ((i + 0.5) * experts / points); // the busiest is always shown
                x[2 * i] = 100.0 * i / points;
                x[2 * i + 1] = 100.0 * (i + 1) / points;
                y[2 * i] = Math.max(arm.sortedLoad().get(rank) * experts, logarithmic ? FLOOR : 0);
                y[2 * i + 1] = y[2 * i];
            }
            style.of(arm).bare().applyTo(chart.addSeries(arm.label(), x, y));
        }
        return chart;
    }
}
