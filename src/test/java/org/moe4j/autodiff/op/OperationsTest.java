package org.moe4j.autodiff.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.Shape;

/** The composed short names, by hand. */
class OperationsTest {
    private final Backend on = new ReferenceBackend();
    private final Tape t = new Tape(on, new Arena(on));

    /** 0, 1, 2, .. */
    private Variable count(int... dims) {
        Shape shape = Shape.of(dims);
        double[] values = new double[(int) shape.size()];
        Arrays.setAll(values, i -> i);
        return t.constant(shape, values);
    }

    private static void is(Variable y, Shape shape, double... values) {
        assertThat(y.shape()).isEqualTo(shape);
        assertThat(y.value().toDoubles()).containsExactly(values, within(1e-12));
    }

    @Test
    void slicesCountFromEitherEnd() {
        is(t.slice(count(6), 0, 1, -1), Shape.of(4), 1, 2, 3, 4);
        is(t.slice(count(2, 3), -1, -2, 3), Shape.of(2, 2), 1, 2, 4, 5);
        is(t.slice(count(6), 0, 1, 6, 2), Shape.of(3), 1, 3, 5);
        is(t.slice(count(6), 0, -1, 1, -2), Shape.of(2), 5, 3);
        is(t.slice(count(6), 0, 4, 2), Shape.of(0));
        is(t.flip(count(2, 3), 1), Shape.of(2, 3), 2, 1, 0, 5, 4, 3);
        assertThatThrownBy(() -> t.slice(count(6), 0, 2, 8)).hasMessageContaining("(6)");
    }

    @Test
    void piecesAndPaddings() {
        List<Variable> pieces = t.split(count(5), 0, 2);
        assertThat(pieces).extracting(Variable::shape).containsExactly(Shape.of(2), Shape.of(2), Shape.of(1));
        is(t.concat(0, pieces), Shape.of(5), 0, 1, 2, 3, 4);
        is(t.pad(count(2), 0, 1, 2, 9), Shape.of(5), 9, 0, 1, 9, 9);
        is(t.stack(-1, count(2), t.negate(count(2))), Shape.of(2, 2), 0, 0, 1, -1);
        is(t.repeatInterleave(count(2, 2), 0, 2), Shape.of(4, 2), 0, 1, 0, 1, 2, 3, 2, 3);
        is(t.lowerTriangle(2, 3, 0), Shape.of(2, 3), 1, 0, 0, 1, 1, 0);
        is(t.lowerTriangle(2, 3, -1), Shape.of(2, 3), 0, 0, 0, 1, 0, 0);
    }

    @Test
    void shapesAreWorkedOut() {
        is(t.reshape(count(2, 3), 3, -1), Shape.of(3, 2), 0, 1, 2, 3, 4, 5);
        is(t.reshape(count(1)), Shape.SCALAR, 0);
        assertThat(t.reshape(count(0, 3), 3, -1).shape()).isEqualTo(Shape.of(3, 0));
        is(t.insertAxis(count(2), -1), Shape.of(2, 1), 0, 1);
        is(t.transpose(count(2, 3)), Shape.of(3, 2), 0, 3, 1, 4, 2, 5);
    }

    @Test
    void summariesOverAxes() {
        Variable x = count(2, 3);                                     // 0 1 2 / 3 4 5
        is(t.sum(x), Shape.SCALAR, 15);
        is(t.sumKept(x, 1), Shape.of(2, 1), 3, 12);
        is(t.mean(x, 0), Shape.of(3), 1.5, 2.5, 3.5);
        is(t.mean(x, 0, 1), Shape.SCALAR, 2.5);
        is(t.variance(x, true, 1), Shape.of(2), 1, 1);
        is(t.variance(x, false, 1), Shape.of(2), 2.0 / 3, 2.0 / 3);
        is(t.max(x, 0), Shape.of(3), 3, 4, 5);
        is(t.min(x, -1), Shape.of(2), 0, 3);
        is(t.product(x), Shape.of(2), 0, 60);
        is(t.norm(count(5)), Shape.SCALAR, Math.sqrt(30));
        is(t.cumulativeSum(x, 0, false), Shape.of(2, 3), 0, 1, 2, 3, 5, 7);
        is(t.cumulativeSum(x, 1, true), Shape.of(2, 3), 0, 0, 1, 0, 3, 7);
        assertThat(t.argMax(t.negate(x))).containsExactly(0, 0);
        is(t.sum(t.constant(Shape.SCALAR, 4)), Shape.SCALAR, 4);
        is(t.squaredCoefficientOfVariation(t.constant(Shape.of(2), 1, 3), false), Shape.SCALAR, 1 / (4 + 1e-10));
    }

    @Test
    void theFirstOfEqualsIsTaken() {
        Ranked top = t.topK(t.constant(Shape.of(2, 4), 1, 3, 3, 2, 5, 5, 5, 5), 2);
        is(top.values(), Shape.of(2, 2), 3, 3, 5, 5);
        assertThat(top.indices().toArray()).containsExactly(1, 2, 0, 1);
    }

    @Test
    void choicesByMask() {
        Variable a = t.constant(Shape.of(3), 1, 2, 3);
        Variable b = t.constant(Shape.of(3), 3, 2, 1);
        Variable mask = t.greater(a, b);
        is(mask, Shape.of(3), 0, 0, 1);
        is(t.where(mask, t.scale(a, 10), b), Shape.of(3), 3, 2, 30);
        is(t.maskedFill(a, mask, -7), Shape.of(3), 1, 2, -7);
    }

    @Test
    void rowsByNumber() {
        Variable x = count(3, 2);                                     // 0 1 / 2 3 / 4 5
        is(t.gatherRows(x, new int[] {2, -1, 2}), Shape.of(3, 2), 4, 5, 0, 0, 4, 5);
        is(t.scatterRows(x, new int[] {1, 1, -1}, 2), Shape.of(2, 2), 0, 0, 2, 4);
        is(t.gatherSum(t.constant(Shape.of(1, 3), 10, 1, 100), x, new int[] {1, 2, -1}, 3), Shape.of(1, 2), 24, 35);
        is(t.gatherDot(t.constant(Shape.of(1, 2), 1, 10), x, new int[] {2, -1, 0}, 3), Shape.of(1, 3), 54, 0, 10);
        is(t.gatherColumns(x, new int[] {1, 0, 1}, 1), Shape.of(3, 1), 1, 2, 5);
        is(t.scatterColumns(count(1, 3), new int[] {3, 0, 3}, 4), Shape.of(1, 4), 1, 0, 0, 2);
    }

    @Test
    void lossesOverCountedRowsOnly() {
        Variable logits = t.constant(Shape.of(2, 2), 0, 0, 5, 1);
        is(t.crossEntropy(logits, new int[] {1, -1}), Shape.SCALAR, Math.log(2));
        is(t.crossEntropy(logits, new int[] {-1, -1}), Shape.SCALAR, 0);
        is(t.crossEntropyPerRow(logits, new int[] {0, 1}, 0), Shape.of(2), Math.log(2), 4 + Math.log1p(Math.exp(-4)));
        is(t.smoothL1(t.constant(Shape.of(2), 1, 5), t.constant(Shape.of(2), 0, 0), 2), Shape.SCALAR, (0.25 + 4) / 2);
        is(t.klDivergence(logits, logits), Shape.SCALAR, 0);
    }

    @Test
    void productsOfManyMatrices() {
        is(t.matMul(count(1, 2, 3), count(3, 1)), Shape.of(1, 2, 1), 5, 14);
        is(t.matMul(count(2, 1, 2), count(2, 1, 2), false, true), Shape.of(2, 1, 1), 1, 13);
        is(t.outer(count(2), t.constant(Shape.of(2), 3, 4)), Shape.of(2, 2), 0, 0, 3, 4);
    }
}
