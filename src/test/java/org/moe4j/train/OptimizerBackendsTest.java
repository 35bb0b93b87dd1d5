package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.backend.cuda.CudaEmulator;
import org.moe4j.tensor.Shape;

/**
 * Every optimizer in float32, on the processor and on a device, follows the one in float64, on weights of awkward sizes and on some rows of a
 * table, more of which have places than there are rows: a device leaves the last of a list of rows empty.
 */
class OptimizerBackendsTest {
    private static final int WIDTH = 19;
    private static final int[] PLACES = {11, 0, 3, 4, 5, 3, 36, 11, 11};

    static List<OptimizerSpec> specs() {
        return OptimizerTest.specs();
    }

    private static List<double[]> trained(String device, OptimizerSpec spec) {
        try (Backend on = OpenedBackend.open(device, 2)) {
            Fed vector = Fed.weight(on, "vector", Shape.of(37), Fed.normal(37, 1));
            Fed cube = Fed.weight(on, "cube", Shape.of(2, 3, WIDTH), Fed.normal(6 * WIDTH, 2));
            Fed table = Fed.table(on, "table", Shape.of(37, WIDTH), Fed.normal(37 * WIDTH, 3));
            List<Parameter> all = List.of(vector.parameter(), cube.parameter(), table.parameter());
            Optimizer optimizer = spec.build(on, all);
            for (int step = 0; step < 6; step++) {
                vector.feed(Fed.normal(37, 10 + step));
                cube.feed(Fed.normal(6 * WIDTH, 20 + step));
                table.feedRows(PLACES, Fed.normal(PLACES.length * WIDTH, 30 + step));
                Gradients.clipValue(on, all, 1.5);
                Gradients.clipNorm(on, all, Gradients.norm(on, all), 10);
                optimizer.step(0.01);
                Gradients.clear(on, all);
            }
            List<double[]> values = new ArrayList<>();
            all.forEach(p -> values.add(p.value().toDoubles()));
            return values;
        }
    }

    private static void follows(String device, OptimizerSpec spec) {
        List<double[]> expected = trained("reference", spec);
        List<double[]> found = trained(device, spec);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i)).containsExactly(expected.get(i), within(2e-5));
        }
    }

    @ParameterizedTest
    @MethodSource("specs")
    void float32FollowsFloat64(OptimizerSpec spec) {
        follows("simd", spec);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void soDoesADevice(OptimizerSpec spec) {
        follows(OpenedBackend.EMULATED, spec);
    }

    /** But for Adafactor, whose rates follow from root mean squares. */
    @ParameterizedTest
    @MethodSource("specs")
    void aStepDoesNotWait(OptimizerSpec spec) {
        Assumptions.assumeFalse(spec instanceof Adafactor.Spec, "Adafactor waits for root mean squares");
        try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
            Fed table = Fed.table(on, "table", Shape.of(37, WIDTH), Fed.normal(37 * WIDTH, 3));
            Optimizer optimizer = spec.build(on, List.of(table.parameter()));
            table.feedRows(PLACES, Fed.normal(PLACES.length * WIDTH, 30));
            int before = CudaEmulator.waits();
            optimizer.step(0.01);
            assertThat(CudaEmulator.waits()).isEqualTo(before);
        }
    }
}
