package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;
import org.moe4j.tensor.ValueType;

/** What optimizers make of tables kept in bfloat16. */
class HalfTablesTrainingTest {
    private static final int ROWS = 40;
    private static final int WIDTH = 16;
    private static final int STEPS = 400;

    static Stream<OptimizerSpec> optimizers() {
        return Stream.of(new Adam.Spec(), new AdamW.Spec(0.9, 0.95, 0.0), new Adam.Spec(null, null, null, null, true, null), new Sgd.Spec(),
            new RmsProp.Spec(null, null, null, null, null), new Adafactor.Spec(false, false, null, null, null, null, null, null, 0.9, null));
    }

    /** Weights near 1, whose steps are an eighth of half a last place: at random they arrive in the mean, to the nearest none does. */
    @ParameterizedTest
    @MethodSource("optimizers")
    void smallStepsAreKeptInTheMeanOnlyAtRandom(OptimizerSpec spec) {
        double rate = 0x1p-9 / 8;
        double whole = mean(spec, TableValues.FLOAT32, rate);
        assertThat(whole).as("float32 moves by about " + STEPS * rate).isBetween(1 - 1.3 * STEPS * rate, 1 - 0.7 * STEPS * rate);
        double deviation = 0x1p-7 / 2 * Math.sqrt(STEPS) / Math.sqrt(ROWS * WIDTH);      // of a walk of so many roundings, in the mean of so many weights
        assertThat(mean(spec, TableValues.BFLOAT16, rate)).isCloseTo(whole, within(5 * deviation));
        assertThat(mean(spec, TableValues.BFLOAT16_NEAREST, rate)).isEqualTo(1);
    }

    /** v falls to the gradient's square within some 1 / (1 - beta2) steps; rounded to the nearest it never moves. */
    @Test
    void secondMomentsForgetOnlyAtRandom() {
        assertThat(secondMoment(TableValues.FLOAT32)).isCloseTo(secondMoment(TableValues.BFLOAT16), within(0.05));
        assertThat(secondMoment(TableValues.FLOAT32)).isLessThan(0.2);
        assertThat(secondMoment(TableValues.BFLOAT16_NEAREST)).isEqualTo(1);
    }

    @Test
    void aCheckpointHasThemAsTheyAre(@TempDir Path folder) {
        for (Backend on : List.of(new ReferenceBackend(), Backends.open("simd", 1))) {
            Checkpoint checkpoint = new Checkpoint(folder.resolve(on.name()));
            Parameter table = table(on, TableValues.BFLOAT16);
            on.normal(table.rounding(), 1, table.data());
            checkpoint.write(on, Map.of("x", table.value()), Map.of());
            try (SafetensorsFile file = SafetensorsFile.open(checkpoint.tensors())) {
                assertThat(file.dtype("x")).isEqualTo(DType.BF16);
            }
            Parameter read = table(on, TableValues.BFLOAT16);
            checkpoint.read(on, Map.of("x", read.value()), Map.of());
            assertThat(read.value().toDoubles()).isEqualTo(table.value().toDoubles());
            Tensor whole = table(on, TableValues.FLOAT32).value();
            assertThatThrownBy(() -> checkpoint.read(on, Map.of("x", whole), Map.of())).isInstanceOf(InputException.class).hasMessageContaining("tensor 'x' is BF16, the " + on.name());
            checkpoint.write(on, Map.of("x", whole), Map.of());
            assertThatThrownBy(() -> checkpoint.read(on, Map.of("x", read.value()), Map.of())).isInstanceOf(InputException.class).hasMessageContaining("this model keeps it as BF16");
            on.close();
        }
    }

    @Test
    void momentsAreKeptAsTheTableIs() {
        Backend on = new ReferenceBackend();
        Parameter table = table(on, TableValues.BFLOAT16);
        assertThat(new Adam.Spec().build(on, List.of(table)).state().values()).extracting(x -> x.data().type()).containsOnly(ValueType.BFLOAT16);
        assertThat(new Adam.Spec().stateBytes(table, on)).isEqualTo(2L * ROWS * WIDTH * Short.BYTES);
        assertThat(new Adafactor.Spec().stateBytes(table, on)).isEqualTo((ROWS + WIDTH) * (long) Double.BYTES);
    }

    private static Parameter table(Backend on, TableValues values) {
        return new Init(on, 3).table("x", Shape.of(ROWS, WIDTH), 0, values);
    }

    /** Of weights that start at 1, after steps with a gradient of 1. */
    private static double mean(OptimizerSpec spec, TableValues values, double rate) {
        Backend on = new ReferenceBackend();
        Fed fed = new Fed(on, new Arena(on), table(on, values));
        on.fill(fed.parameter().data(), 1);
        train(fed, spec.build(on, List.of(fed.parameter())), 1, rate, STEPS);
        return Arrays.stream(fed.values()).average().orElseThrow();
    }

    /** The mean v after it was 1 and the gradient was 0.1 for 2,000 steps. */
    private static double secondMoment(TableValues values) {
        Backend on = new ReferenceBackend();
        Fed fed = new Fed(on, new Arena(on), table(on, values));
        Optimizer adam = new Adam.Spec().build(on, List.of(fed.parameter()));
        on.fill(adam.state().get("x.v").data(), 1);
        train(fed, adam, 0.1, 0, 2000);
        return Arrays.stream(adam.state().get("x.v").toDoubles()).average().orElseThrow();
    }

    private static void train(Fed fed, Optimizer optimizer, double gradient, double rate, int steps) {
        double[] all = new double[ROWS * WIDTH];
        Arrays.fill(all, gradient);
        for (int step = 0; step < steps; step++) {
            fed.feedAll(all);
            optimizer.step(rate);
            fed.clear();
        }
    }
}
