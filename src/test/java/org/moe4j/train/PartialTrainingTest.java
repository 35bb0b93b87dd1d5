package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.LanguageModel;

/** Training some parameters and freezing the others. */
class PartialTrainingTest {
    private static final int STEPS = 5;

    @TempDir
    private Path folder;

    /** One mixture with noise and one of tables and buffers, trained for some steps. */
    private static final class Run {
        final LanguageModel model;
        final Trainer trainer;
        final Map<String, double[]> before = new HashMap<>();
        final List<StepMetrics> metrics = new ArrayList<>();

        Run(Backend on, TrainingSpec spec) {
            model = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
            model.parameters().forEach(p -> before.put(p.name(), p.value().toDoubles()));
            trainer = new Trainer(on, model, spec, Tiny.counting(4), Tiny.validation());
        }

        Run(Backend on, String... trained) {
            this(on, Tiny.training(STEPS).withTrained(trained));
            trainer.run(metrics::add);
        }

        boolean changed(Parameter p) {
            return !Arrays.equals(before.get(p.name()), p.value().toDoubles());
        }

        void requireChanged(Predicate<String> expected) {
            for (Parameter p : model.parameters()) {
                assertThat(changed(p)).as(p.name()).isEqualTo(expected.test(p.name()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void whatIsFrozenStaysToTheLastBit(String device) {
        try (Backend on = Backends.open(device, 2)) {
            new Run(on).requireChanged(name -> true);
            new Run(on, "experts").requireChanged(name -> name.contains(".experts."));
            new Run(on, "router").requireChanged(name -> name.contains(".router."));
            new Run(on, "blocks.1", "embedding").requireChanged(name -> name.startsWith("blocks.1.") || name.startsWith("embedding."));
            new Run(on, "blocks.*.attention").requireChanged(name -> name.contains(".attention."));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void rowsBeforeTheFirstTrainedOneStayToTheLastBit(String device) {
        try (Backend on = Backends.open(device, 2)) {
            Run run = new Run(on, "blocks.0.feedForward.experts[3..]", "blocks.0.feedForward.router[1..]");
            for (Parameter p : run.model.parameters()) {
                int from = p.name().startsWith("blocks.0.feedForward.experts") ? 3 : p.name().startsWith("blocks.0.feedForward.router") ? 1 : Integer.MAX_VALUE;
                double[] now = p.value().toDoubles();
                int width = now.length / p.shape().dim(0);
                for (int row = 0; row < p.shape().dim(0); row++) {
                    boolean same = Arrays.equals(now, row * width, (row + 1) * width, run.before.get(p.name()), row * width, (row + 1) * width);
                    assertThat(same).as("%s, row %d", p.name(), row).isEqualTo(row < from);
                }
            }
        }
    }

    /** The gradient of a part does not depend on whether the rest has one, and the norm is that of the part. */
    @Test
    void theNormIsThatOfTheTrainedParametersAlone() {
        Backend on = new ReferenceBackend();
        double whole = new Run(on).metrics.getFirst().gradientNorm();
        double squares = 0;
        List<List<String>> parts = List.of(List.of("embedding"), List.of("attention"), List.of("attentionNorm", "feedForwardNorm"), List.of("experts"),
            List.of("router", "norm"), List.of("head"));
        for (List<String> part : parts) {
            double norm = new Run(on, part.toArray(String[]::new)).metrics.getFirst().gradientNorm();
            assertThat(norm).as("%s", part).isPositive().isLessThan(whole);
            squares += norm * norm;
        }
        assertThat(Math.sqrt(squares)).isCloseTo(whole, within(1e-9 * whole));
    }

    @Test
    void rowsCountInTheNormOnceTheyAreTrained() {
        Backend on = new ReferenceBackend();
        double all = new Run(on, "blocks.0.feedForward.experts").metrics.getFirst().gradientNorm();
        double last = new Run(on, "blocks.0.feedForward.experts[2..]").metrics.getFirst().gradientNorm();
        assertThat(last).isPositive().isLessThan(all);
        assertThat(new Run(on, "blocks.0.feedForward.experts[0..]").metrics.getFirst().gradientNorm()).isEqualTo(all);
        assertThat(new Run(on, "blocks.0.feedForward.experts[2..]", "experts").metrics.getFirst().gradientNorm())
            .as("the wider of two choices holds").isEqualTo(new Run(on, "experts").metrics.getFirst().gradientNorm());
    }

    @Test
    void onlyTrainedParametersHaveGradientsAndOptimizerState() {
        Backend on = new ReferenceBackend();
        LanguageModel model = Tiny.model(on, Tiny.noisy());
        Optimizer optimizer = new AdamW.Spec(0.9, 0.95, 0.1).build(on, Trained.of(on, model.parameters(), List.of("experts[3..]", "router")));
        assertThat(optimizer.state()).containsOnlyKeys("blocks.0.feedForward.experts.in.m", "blocks.0.feedForward.experts.in.v",
            "blocks.0.feedForward.experts.out.m", "blocks.0.feedForward.experts.out.v", "blocks.0.feedForward.router.gate.m",
            "blocks.0.feedForward.router.gate.v", "blocks.0.feedForward.router.noise.m", "blocks.0.feedForward.router.noise.v");
        assertThat(optimizer.state().get("blocks.0.feedForward.experts.in.m").shape().dim(0)).as("one of four experts").isEqualTo(1);
        Run run = new Run(on, "router");
        assertThat(run.model.parameters()).allSatisfy(p -> assertThat(p.grad() != null).isEqualTo(p.name().contains(".router.") && p.kind() != Parameter.Kind.BUFFER));
        new Trainer(on, run.model, Tiny.training(STEPS), Tiny.counting(4), null).run(m -> {});
        run.requireChanged(name -> true);
    }

    @Test
    void aStoppedRunGoesOnWithTheSameBits() {
        Backend on = new ReferenceBackend();
        TrainingSpec spec = Tiny.training(STEPS).withTrained("blocks.0.feedForward.experts[2..]", "router", "norm");
        Run whole = new Run(on, spec);
        Evaluation expected = whole.trainer.run(m -> {}).evaluation();
        Run first = new Run(on, spec);
        Checkpoint checkpoint = new Checkpoint(folder);
        first.trainer.run(checkpoint, m -> {
            if (m.step() == 2) {
                first.trainer.stop();
            }
        });
        Run second = new Run(on, spec);
        second.trainer.restore(checkpoint);
        assertThat(second.trainer.run(m -> {}).evaluation().natsPerToken()).isEqualTo(expected.natsPerToken());
        assertThatThrownBy(() -> new Run(on, spec.withTrained("router")).trainer.restore(checkpoint)).isInstanceOf(InputException.class);
    }

    @Test
    void aSpecNamesWhatItTrainsOrLeavesItOut() {
        SpecReader reader = new SpecReader();
        TrainingSpec some = Tiny.training(STEPS).withTrained("experts[8..]", "router[8..]");
        assertThat(reader.parse(reader.toYaml(some), TrainingSpec.class)).isEqualTo(some);
        String without = reader.toYaml(Tiny.training(STEPS)).replaceAll("(?m)^trained:.*\n", "");
        assertThat(reader.parse(without, TrainingSpec.class)).isEqualTo(Tiny.training(STEPS));
    }

    @Test
    void whatIsNotThereIsRefused() {
        Backend on = new ReferenceBackend();
        assertThatThrownBy(() -> new Run(on, "expert")).isInstanceOf(InputException.class).hasMessageStartingWith(
            "unknown parameters to train 'expert': did you mean 'experts'?");
        assertThatThrownBy(() -> new Run(on, "experts[16..]")).isInstanceOf(InputException.class).hasMessage(
            "trained: experts[16..] asks for rows from 16 of blocks.0.feedForward.experts.in, which has 4");
        assertThatThrownBy(() -> new Run(on, "blocks.1.feedForward.experts[3..]")).isInstanceOf(InputException.class).hasMessageContaining(
            "a table, which can be trained as a whole only");
        assertThatThrownBy(() -> new Run(on, "running*")).isInstanceOf(InputException.class).hasMessageContaining("running means");
        assertThatThrownBy(() -> new Run(on, "experts[..3]")).isInstanceOf(InputException.class).hasMessageStartingWith(
            "trained: 'experts[..3]' is no choice of parameters");
    }
}
