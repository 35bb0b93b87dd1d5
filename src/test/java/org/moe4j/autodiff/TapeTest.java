package org.moe4j.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

class TapeTest {
    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    private Parameter parameter(Parameter.Kind kind, Shape shape, double... values) {
        Parameter p = new Parameter("p", kind, new Tensor(shape, on.allocate(shape.size())));
        p.data().write(0, values);
        return p;
    }

    private Parameter weight(double... values) {
        return parameter(Parameter.Kind.WEIGHT, Shape.of(values.length), values);
    }

    @Test
    void gradientsAddOverSeveralUses() {
        Parameter x = weight(3, -2);
        try (Tape t = new Tape(on, arena)) {
            t.backward(t.sum(t.add(t.multiply(x, x), x)));            // d(x² + x) = 2x + 1
        }
        assertThat(x.gradientToDoubles()).containsExactly(7, -3);
    }

    @Test
    void parameterGradientsAddOverTapes() {
        Parameter x = weight(3);
        for (int i = 0; i < 2; i++) {
            try (Tape t = new Tape(on, arena)) {
                t.backward(t.sum(t.square(x)));
            }
        }
        assertThat(x.gradientToDoubles()).containsExactly(12);
        x.clearGrad(on);
        assertThat(x.gradientToDoubles()).containsExactly(0);
    }

    /** The product writes the gradient over what clearing left in its memory, once, and adds to it from then on. */
    @Test
    void aProductsGradientAfterClearingIsItsOwn() {
        Parameter w = parameter(Parameter.Kind.WEIGHT, Shape.of(1, 2), 1, 2);
        Parameter experts = parameter(Parameter.Kind.WEIGHT, Shape.of(2, 1, 2), 1, 2, 3, 4);
        for (int step = 0; step < 3; step++) {
            try (Tape t = new Tape(on, arena)) {
                Variable x = t.constant(Shape.of(1, 2), 5, 7);
                Variable dense = t.add(t.linear(x, w, null), t.linear(t.scale(x, 2), w, null));
                t.backward(t.sum(t.add(dense, t.groupedLinear(x, experts, null, new int[] {0, 0, 1}))));
            }
            if (step == 0) {
                w.clearGrad(on);
                experts.clearGrad(on);
            }
        }
        assertThat(w.gradientToDoubles()).containsExactly(30, 42);        // (5, 7) · 3, in the two steps after clearing
        assertThat(experts.gradientToDoubles()).containsExactly(0, 0, 10, 14);
    }

    @Test
    void clearedGradientsOfSharedRowsAreZeroForBoth() {
        Parameter all = parameter(Parameter.Kind.WEIGHT, Shape.of(2, 2), 1, 2, 3, 4);
        Parameter last = all.rowsFrom(on, 1);
        try (Tape t = new Tape(on, arena)) {
            t.backward(t.sum(t.linear(t.constant(Shape.of(1, 2), 5, 7), all, null)));
        }
        assertThat(last.gradientToDoubles()).containsExactly(5, 7);
        last.clearGrad(on);
        assertThat(all.gradientToDoubles()).containsExactly(5, 7, 0, 0);
        all.clearGrad(on);
        assertThat(last.gradientToDoubles()).containsExactly(0, 0);
    }

    @Test
    void backwardTwiceOnOneTapeAddsTwice() {
        Parameter x = weight(1, 2, 3, 4);
        try (Tape t = new Tape(on, arena)) {
            Variable loss = t.sum(t.square(t.slice(t.reshape(x, 2, 2), 0, 1, 2)));
            t.backward(loss);
            t.backward(loss);
        }
        assertThat(x.gradientToDoubles()).containsExactly(0, 0, 12, 16);
    }

    @Test
    void viewsShareMemoryAndGradient() {
        Parameter x = weight(1, 2, 3, 4);
        try (Tape t = new Tape(on, arena)) {
            Variable matrix = t.reshape(x, 2, -1);
            Variable row = t.slice(matrix, 0, 1, 2);                  // (3, 4)
            assertThat(row.value().toDoubles()).containsExactly(3, 4);
            x.data().set(2, 5);
            assertThat(row.value().toDoubles()).containsExactly(5, 4);
            // sum x² over all plus 10 sum of the second row
            t.backward(t.add(t.sum(t.square(matrix)), t.scale(t.sum(row), 10)));
        }
        assertThat(x.gradientToDoubles()).containsExactly(2, 4, 20, 18);
    }

    /** Whichever of a value and its views comes first writes over what the memory held, the others add. */
    @Test
    void aReshapedValuesGradientIsWrittenOnce() {
        Parameter x = parameter(Parameter.Kind.WEIGHT, Shape.of(2, 2), 1, 2, 3, 4);
        Parameter w = parameter(Parameter.Kind.WEIGHT, Shape.of(1, 2), 5, 7);
        for (int step = 0; step < 3; step++) {
            try (Tape t = new Tape(on, arena)) {
                Variable h = t.scale(x, 2);
                Variable view = t.reshape(h, 1, 2, 2);
                Variable viewOfView = t.reshape(view, 2, 1, 2);
                Variable y = t.add(t.sum(t.linear(viewOfView, w, null)), t.sum(t.linear(step == 1 ? view : h, w, null)));
                t.backward(step == 2 ? t.add(y, t.sum(view)) : y);     // dx = 2 (w + w), and in the last step 2 more
            }
            double more = step == 2 ? 2 : 0;
            assertThat(x.gradientToDoubles()).containsExactly(20 + more, 28 + more, 20 + more, 28 + more);
            x.clearGrad(on);
        }
    }

    @Test
    void constantsAndBuffersGetNoGradient() {
        Parameter buffer = parameter(Parameter.Kind.BUFFER, Shape.of(2), 1, 2);
        Parameter x = weight(3, 4);
        try (Tape t = new Tape(on, arena)) {
            Variable c = t.constant(Shape.of(2), 5, 6);
            Variable stopped = t.constant(t.square(x).value());
            Variable untrained = t.multiply(t.multiply(buffer, c), stopped);
            assertThat(untrained.wantsGrad()).isFalse();
            t.backward(t.sum(t.multiply(untrained, x)));
            assertThat(List.of(buffer, c, stopped, untrained)).allMatch(v -> v.grad() == null);
        }
        assertThat(x.gradientToDoubles()).containsExactly(1 * 5 * 9, 2 * 6 * 16);
    }

    @Test
    void evaluationRecordsNothing() {
        Parameter x = weight(3);
        try (Tape t = new Tape(on, arena, false)) {
            Variable y = t.square(x);
            assertThat(y.value().item()).isEqualTo(9);
            assertThat(y.wantsGrad()).isFalse();
            t.backward(y);
        }
        assertThat(x.grad()).isNull();
    }

    @Test
    void anInputThatIsNotAParameterKeepsItsGradient() {
        try (Tape t = new Tape(on, arena)) {
            Variable x = t.variable(new Tensor(Shape.of(2), t.constant(Shape.of(2), 3, 4).data()));
            Variable y = t.square(x);
            t.backward(List.of(y), List.of(new double[] {10, 100}));
            assertThat(x.grad().toDoubles()).containsExactly(60, 800);
            assertThat(y.grad()).isNull();                            // given back as soon as it was used
        }
    }

    /** One step of a small net over an embedding table. */
    private void step(Parameter table, Parameter w, int... tokens) {
        try (Tape t = new Tape(on, arena)) {
            Variable x = t.embedding(table, tokens, Shape.of(tokens.length));
            Variable h = t.gelu(t.layerNorm(t.linear(x, w, null), null, null, 1e-5));
            Variable scores = t.gatherDot(h, table, new int[] {0, 3, 2, 3, 1, 1}, 2);
            Variable y = t.gatherSum(scores, table, new int[] {3, 0, 0, 2, 2, -1}, 2);
            t.backward(t.sum(t.square(y)));
        }
    }

    @Test
    void theSecondStepFindsTheMemoryOfTheFirst() {
        Parameter table = GradientCheck.point(on, "table", CounterRandom.of(1, "test"), 4, 3);
        table = parameter(Parameter.Kind.TABLE, table.shape(), table.value().toDoubles());
        Parameter w = GradientCheck.point(on, "w", CounterRandom.of(1, "test"), 3, 3);
        step(table, w, 1, 1, 3);
        table.clearGrad(on);
        long reserved = arena.reservedBytes();
        step(table, w, 3, 0, 3);
        assertThat(arena.reservedBytes()).isEqualTo(reserved).isPositive();
    }

    @Test
    void closingAndClearingReturnAllMemory() {
        Parameter table = parameter(Parameter.Kind.TABLE, Shape.of(4, 3), new double[12]);
        Parameter w = GradientCheck.point(on, "w", CounterRandom.of(1, "test"), 3, 3);
        step(table, w, 1, 1, 3);
        assertThat(arena.liveBytes()).isPositive();                   // the table's rows
        table.clearGrad(on);
        assertThat(arena.liveBytes()).isZero();
    }

    @Test
    void aTapeThatNeverWentBackwardReturnsItsMemoryToo() {
        Parameter x = weight(1, 2);
        try (Tape t = new Tape(on, arena)) {
            t.softmax(t.dropout(x, 0.5, CounterRandom.of(1, "test")));
            assertThat(t.activationBytes()).isPositive();
        }
        assertThat(arena.liveBytes()).isZero();
    }

    @Test
    void rowGradientsEqualDenseOnes() {
        Parameter point = GradientCheck.point(on, "table", CounterRandom.of(2, "test"), 4, 3);
        Parameter table = parameter(Parameter.Kind.TABLE, point.shape(), point.value().toDoubles());
        Parameter dense = parameter(Parameter.Kind.WEIGHT, point.shape(), point.value().toDoubles());
        Parameter w = GradientCheck.point(on, "w", CounterRandom.of(2, "test"), 3, 3);
        for (int i = 0; i < 2; i++) {                                 // twice: rows of two tapes are merged
            step(table, w, 1, 2 * i, 1);
            step(dense, w, 1, 2 * i, 1);
        }
        assertThat(table.grad()).isNull();
        assertThat(dense.rowGrad()).isNull();
        assertThat(table.gradientToDoubles()).containsExactly(dense.gradientToDoubles(), within(1e-12));
    }

    @Test
    void aTableKeepsOnlyTheRowsItWasReadAt() {
        Parameter table = parameter(Parameter.Kind.TABLE, Shape.of(1000, 2), new double[2000]);
        try (Tape t = new Tape(on, arena)) {
            t.backward(t.sum(t.embedding(table, new int[] {700, 3, 700}, Shape.of(3))));
        }
        assertThat(table.rowGrad().rows().toArray()).containsExactly(3, 700);
        assertThat(table.rowGrad().values().get(2)).isEqualTo(2);     // row 700 was read twice
    }

    @Test
    void costsAddUp() {
        try (Tape t = new Tape(on, arena)) {
            Variable a = t.filled(Shape.of(2, 3), 1);
            Variable b = t.filled(Shape.of(3, 4), 1);
            Variable y = t.matMul(a, b);
            t.linear(t.relu(y), t.filled(Shape.of(5, 4), 1), null);
            assertThat(t.cost().flops()).isEqualTo(2 * 2 * 3 * 4 + 2 * 2 * 4 * 5);
            assertThat(t.cost().trainingFlops()).isEqualTo(3 * t.cost().flops());
        }
    }

    @Test
    void mistakesNameTheShapes() {
        try (Tape t = new Tape(on, arena)) {
            Variable a = t.filled(Shape.of(3, 4), 1);
            Variable b = t.filled(Shape.of(5, 6), 1);
            assertThatThrownBy(() -> t.matMul(a, b)).hasMessage("matMul: a is (3, 4), b is (5, 6)");
            assertThatThrownBy(() -> t.add(a, b)).hasMessageContainingAll("(3, 4)", "(5, 6)");
            assertThatThrownBy(() -> t.linear(a, b, null)).hasMessageContainingAll("(3, 4)", "6");
            assertThatThrownBy(() -> t.reshape(a, 5, 2)).hasMessageContainingAll("(3, 4)", "(5, 2)");
            assertThatThrownBy(() -> t.concat(0, a, b)).hasMessageContainingAll("(5, 6)", "(5, 4)");
            assertThatThrownBy(() -> t.topK(a, 5)).hasMessage("topK: k for (3, 4) is 5, wanted 0 to 4");
            assertThatThrownBy(() -> t.gatherRows(a, new int[] {1, 3})).hasMessage("gatherRows: row number 1 is 3, but there are only 3");
            assertThatThrownBy(() -> t.sum(a, 2)).hasMessage("sum: axis 2 does not exist in (3, 4)");
            assertThatThrownBy(() -> t.backward(a)).hasMessage("backward wants a scalar loss, this one is (3, 4)");
        }
    }

    @Test
    void aTableIsReadByRowsOnly() {
        Parameter table = parameter(Parameter.Kind.TABLE, Shape.of(2, 2), 1, 2, 3, 4);
        try (Tape t = new Tape(on, arena)) {
            Variable loss = t.sum(t.square(table));
            assertThatThrownBy(() -> t.backward(loss)).hasMessageContaining("p(2, 2) has no dense gradient");
        }
    }
}
