package org.moe4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;

class LineChartTest {
    @Test
    void linesAreToldApart() {
        List<Double> x = List.of(1.0, 2.0);
        XYChart chart = LineChart.of("title", "x", "y", List.of(new LineChart.Line("a", x, List.of(3.0, 2.0), List.of(0.1, 0.0)),
            new LineChart.Line("b", x, List.of(4.0, 1.0), List.of(0.0, 0.2))));
        assertThat(chart.getSeriesCollection().stream().map(s -> s.getName())).containsExactly("a", "b");
        assertThat(chart.getSeries("a").getLineColor()).isNotEqualTo(chart.getSeries("b").getLineColor());
        assertThat(chart.getSeries("b").getExtraValues()).containsExactly(0.0, 0.2);
        assertThat(Drawing.png(chart)).isNotEmpty();
        assertThatThrownBy(() -> new LineChart.Line("c", x, List.of(1.0), x)).hasMessageContaining("1 values");
    }
}
