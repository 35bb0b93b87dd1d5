package org.moe4j.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

class GradientCheckTest {
    private final Backend on = new ReferenceBackend();

    /** y = x², with a gradient that is wrong at entry 2 only. */
    private record WrongSquare(Variable x) implements Op {
        @Override
        public List<Variable> inputs() {
            return List.of(x);
        }

        @Override
        public List<Shape> outputs() {
            return List.of(x.shape());
        }

        @Override
        public void forward(Backend on, Call call) {
            for (int i = 0; i < x.shape().size(); i++) {
                call.y().set(i, x.data().get(i) * x.data().get(i));
            }
        }

        @Override
        public void backward(Backend on, Call call) {
            for (int i = 0; i < x.shape().size(); i++) {
                double right = 2 * x.data().get(i) * call.dy().get(i);
                x.dData().set(i, x.dData().get(i) + (i == 2 ? 1.5 * right : right));
            }
        }
    }

    @Test
    void namesTheWrongEntry() {
        Parameter good = GradientCheck.point(on, "good", CounterRandom.of(1, "test"), 3);
        Parameter bad = GradientCheck.point(on, "bad", CounterRandom.of(1, "test"), 4);
        GradientCheck.Result worst = GradientCheck.of(on, List.of(good, bad), t -> List.of(t.square(good), t.run(new WrongSquare(bad))), 5);
        assertThat(worst.parameter()).isEqualTo("bad");
        assertThat(worst.entry()).isEqualTo(2);
        assertThat(worst.analytic()).isCloseTo(1.5 * worst.numeric(), within(1e-6));
        assertThat(worst.error()).isGreaterThan(1e-3);
        assertThat(worst.toString()).contains("bad[2]");
    }

    @Test
    void aGradientThatIsNotANumberIsTheWorst() {
        Parameter x = GradientCheck.point(on, "x", CounterRandom.of(1, "test"), 3);
        x.data().set(1, -1);
        assertThat(GradientCheck.of(on, List.of(x), t -> List.of(t.log(x)), 5).error()).isNaN();
    }

    @Test
    void leavesValuesAndNoGradient() {
        Parameter x = GradientCheck.point(on, "x", CounterRandom.of(1, "test"), 3);
        double[] before = x.value().toDoubles();
        GradientCheck.of(on, List.of(x), t -> List.of(t.exp(x)), 5);
        assertThat(x.value().toDoubles()).isEqualTo(before);
        assertThat(x.gradientToDoubles()).containsOnly(0);
    }

    @Test
    void worksInFloat32() {
        try (Backend simd = new SimdBackend(1)) {
            Parameter x = GradientCheck.point(simd, "x", CounterRandom.of(1, "test"), 2, 5);
            assertThat(GradientCheck.of(simd, List.of(x), t -> List.of(t.softmax(x)), 5).error()).isLessThan(1e-2);
            assertThat(GradientCheck.of(simd, List.of(x), t -> List.of(t.run(new WrongSquare(x))), 5).error()).isGreaterThan(1e-1);
        }
    }

    @Test
    void pointsKeepFromZeroAndFromEachOther() {
        double[] values = GradientCheck.point(on, "x", CounterRandom.of(1, "test"), 50).value().toDoubles();
        double[] magnitudes = Arrays.stream(values).map(Math::abs).sorted().toArray();
        assertThat(magnitudes[0]).isGreaterThanOrEqualTo(0.1);
        assertThat(magnitudes[49]).isLessThanOrEqualTo(2);
        for (int i = 1; i < 50; i++) {
            assertThat(magnitudes[i] - magnitudes[i - 1]).isGreaterThan(0.018); // half a cell of 1.9 / 50
        }
        assertThat(Arrays.stream(values).filter(v -> v < 0).count()).isBetween(10L, 40L);
        assertThat(values).isNotEqualTo(Arrays.stream(values).sorted().toArray());
    }
}
