package org.moe4j.report;

import java.util.List;
import org.knowm.xchart.XYChart;
import org.moe4j.analysis.SeedSummary;
import org.moe4j.sweep.CurvePoint;

/**
 * Loss against the training FLOPs spent so far, a line an arm. Validation losses if they were measured at least twice in
 * each arm, otherwise training losses, which are noisier. The first steps, where every model falls alike, are cut off.
 */
public final class ComputeChart {
    private static final double SHOWN = 1.0 / 8; // from this share of the budget on

    private ComputeChart() {}

    /** @param arms a line each, in this order */
    public static XYChart of(List<SeedSummary> arms) {
        boolean validation = arms.stream().filter(arm -> !arm.curve().isEmpty()).allMatch(arm -> arm.curve().stream()
                .filter(point -> Double.isFinite(point.validationLoss())).count() >= 2);
        XYChart chart = ChartStyle.chart("Loss against compute", "training FLOPs spent (log scale)",
                (validation ? "validation" : "training") + " loss (nats/token)");
        chart.getStyler().setXAxisLogarithmic(true);
        chart.getStyler().setXAxisLogarithmicDecadeOnly(false);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(ComputeChart::oneDigit);
        chart.getStyler().setYAxisDecimalPattern("0.00");
        chart.getStyler().setMarkerSize(6);
        double budget = arms.stream().mapToDouble(SeedSummary::flops).max().orElse(1);
        ChartStyle style = new ChartStyle(arms);
        for (SeedSummary arm : arms) {
            List<CurvePoint> shown = arm.curve().stream()
                    .filter(point -> point.flops() >= SHOWN * budget && Double.isFinite(loss(point, validation)))
                    .toList();
            if (shown.isEmpty()) continue;
            ChartStyle.Look look = shown.size() <= 24 ? style.of(arm) : style.of(arm).bare();
            look.applyTo(chart.addSeries(arm.label(), shown.stream().mapToDouble(CurvePoint::flops).toArray(),
                            shown.stream().mapToDouble(point -> loss(point, validation)).toArray()));
        }
        return chart;
    }

    /** Labels at 1, 2 and 5 times a power of ten: the others would run into each other. */
    private static String oneDigit(double flops) {
        int power = (int) Math.floor(Math.log10(flops) + 1e-9);
        long digit = Math.round(flops / Math.pow(10, power));
        return digit == 1 || digit == 2 || digit == 5 ? digit + "e" + power : " ";
    }

    private static double loss(CurvePoint point, boolean validation) {
        return validation ? point.validationLoss() : point.trainingLoss();
    }
}
