package org.moe4j.report;

import java.util.List;
import org.knowm.xchart.XYChart;
import org.moe4j.analysis.Estimate;

/** Some lines of measured points, each with its standard error, in the look of all charts. */
public final class LineChart {
    private LineChart() {}

    /**
     * A line.
     *
     * @param label for the legend
     * @param x places, ascending
     * @param y values
     * @param error standard errors, zeros for none
     */
    public record Line(String label, List<Double> x, List<Double> y, List<Double> error) {
        public Line {
            if (x.isEmpty() || x.size() != y.size() || x.size() != error.size()) {
                throw new IllegalArgumentException(label + ": " + x.size() + " places, " + y.size() + " values, " + error.size() + " errors");
            }
        }

        /** Of means, which have no standard error where there was one seed. */
        public static Line of(String label, List<Double> x, List<Estimate> y) {
            return new Line(label, x, y.stream().map(Estimate::mean).toList(), y.stream().map(e -> e.n() < 2 ? 0 : e.standardError()).toList());
        }
    }

    /** @param lines told apart by colour, stroke and marker, up to six of them */
    public static XYChart of(String title, String x, String y, List<Line> lines) {
        XYChart chart = ChartStyle.chart(title, x, y);
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            ChartStyle.single(i).applyTo(chart.addSeries(line.label(), line.x(), line.y(), line.error()));
        }
        return chart;
    }
}
