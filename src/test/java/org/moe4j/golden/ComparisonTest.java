package org.moe4j.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.moe4j.tensor.Shape;

class ComparisonTest {
    private static final Tolerance TOLERANCE = new Tolerance(0.1, 0.01);

    @Test
    void theToleranceIsAbsolutePlusRelativeToTheExpected() {
        assertThat(TOLERANCE.excess(10 + 1.01, 10)).isCloseTo(1, within(1e-12));
        assertThat(TOLERANCE.excess(-10, 10)).isGreaterThan(1);
        assertThat(TOLERANCE.excess(0.01, 0)).isEqualTo(1);
        assertThat(TOLERANCE.excess(Double.NaN, 0)).isInfinite();
        assertThat(TOLERANCE.excess(Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY)).isZero();
        assertThat(TOLERANCE.excess(Double.POSITIVE_INFINITY, 1)).isInfinite();
    }

    @Test
    void theWorstEntryIsNamed() {
        GoldenTensor y = new GoldenTensor("f64.out.y", Shape.of(2, 2), 0, false);
        Comparison c = Comparison.of(y, new double[] {1, 2, 3, 4}, new double[] {1, 2.5, 30, 4}, TOLERANCE);
        assertThat(c.agrees()).isFalse();
        assertThat(c.message()).contains("f64.out.y[1,0] is 30", "expected 3.0", "2 of 4 entries differ");
    }

    @Test
    void wholeNumbersAreComparedExactly() {
        GoldenTensor ids = new GoldenTensor("out.ids", Shape.of(2), 0, true);
        assertThat(Comparison.of(ids, new double[] {100, 7}, new double[] {100, 7}, TOLERANCE).agrees()).isTrue();
        assertThat(Comparison.of(ids, new double[] {100, 7}, new double[] {101, 7}, TOLERANCE).message()).contains("out.ids[0] is 101, expected 100");
    }

    @Test
    void anotherNumberOfValuesNeverAgrees() {
        GoldenTensor y = new GoldenTensor("f64.out.y", Shape.of(3), 0, false);
        assertThat(Comparison.of(y, new double[3], new double[2], TOLERANCE).agrees()).isFalse();
    }
}
