package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.RecurrentModel;
import org.moe4j.nn.Init;

/** A run that was stopped and went on is the run that was not stopped, to the last bit. */
class ResumeTest {
    private static final int STEPS = 9;

    @TempDir
    private Path folder;

    static Stream<Arguments> runs() {
        return Stream.of("reference", "simd").flatMap(device -> Stream.of(
                Tiny.training(STEPS),
                Tiny.training(STEPS).withAccumulation(2),
                Tiny.training(STEPS).withOptimizer(new Adam.Spec(null, null, null, 0.1, true, null)),
                Tiny.training(STEPS).withOptimizer(new Adafactor.Spec(null, null, null, null, null, null, null, null, 0.9, 0.1)),
                Tiny.training(STEPS).withOptimizer(new RmsProp.Spec(null, null, 0.5, true, null)))
            .map(spec -> Arguments.of(device, spec)));
    }

    /** A model with noise, tables (one of them of two layers, some in bfloat16) and buffers, whose listener makes steps 3 and 7 not finite. */
    private static final class Run {
        final LanguageModel model;
        final Trainer trainer;
        final List<Long> lossBits = new ArrayList<>();
        private final Parameter weight;

        Run(Backend on, TrainingSpec spec) {
            model = Tiny.model(on, Tiny.noisy(), Tiny.peer(16), Tiny.peerOfHalves(), Tiny.memory(), Tiny.memory());
            weight = model.parameters().getLast();
            trainer = new Trainer(on, model, spec, Tiny.counting(4), Tiny.validation());
        }

        void hear(StepMetrics m) {
            lossBits.add(Double.doubleToLongBits(m.loss()));
            boolean breaks = m.step() == 2 || m.step() == 6;
            weight.data().set(0, breaks ? Double.NaN : 0.5);
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void goesOnWithTheSameBits(String device, TrainingSpec spec) {
        try (Backend on = Backends.open(device, 2)) {
            Run whole = new Run(on, spec);
            Evaluation expected = whole.trainer.run(whole::hear).evaluation();

            Checkpoint checkpoint = new Checkpoint(folder);
            List<Long> losses = new ArrayList<>();
            Progress progress = Progress.START;
            Evaluation found = null;
            for (int stopAt : List.of(2, 3, 5, 100)) { // after the weight was broken, after the skipped step, and later
                Run part = new Run(on, spec.withIntervals(0, 4, 0));
                if (checkpoint.exists()) {
                    part.trainer.restore(checkpoint);
                }
                assertThat(part.trainer.progress()).isEqualTo(progress);
                Trainer.Outcome outcome = part.trainer.run(checkpoint, m -> {
                    part.hear(m);
                    if (m.step() == stopAt) {
                        part.trainer.stop();
                    }
                });
                assertThat(outcome.stopped()).isEqualTo(stopAt < STEPS);
                progress = outcome.progress();
                losses.addAll(part.lossBits);
                found = outcome.evaluation();
                if (!outcome.stopped()) {
                    TrainerTest.assertSameBits(TrainerTest.values(part.model), TrainerTest.values(whole.model));
                }
            }
            assertThat(losses).isEqualTo(whole.lossBits);
            assertThat(progress).isEqualTo(whole.trainer.progress());
            assertThat(progress.skipped()).isEqualTo(2);
            assertThat(found.natsPerToken()).isEqualTo(expected.natsPerToken());
        }
    }

    @Test
    void losesAtMostTheStepsSinceTheLastCheckpoint() {
        try (Backend on = new ReferenceBackend()) {
            Checkpoint checkpoint = new Checkpoint(folder);
            Run killed = new Run(on, Tiny.training(STEPS).withIntervals(0, 2, 0));
            assertThatThrownBy(() -> killed.trainer.run(checkpoint, m -> {
                if (m.step() == 6) {
                    throw new IllegalStateException("killed");
                }
            })).hasMessage("killed");
            Run next = new Run(on, Tiny.training(STEPS));
            next.trainer.restore(checkpoint);
            assertThat(next.trainer.progress().step()).isEqualTo(4);
        }
    }

    /** The interrupt comes within a step, as from another thread: the step is finished first. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void anInterruptEndsTheRunWithACheckpoint(String device) {
        try (Backend on = Backends.open(device, 2)) {
            Checkpoint checkpoint = new Checkpoint(folder);
            LanguageModel model = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
            Trainer trainer = new Trainer(on, model, Tiny.training(STEPS), step -> {
                if (step == 3) {
                    Thread.currentThread().interrupt();
                }
                return Tiny.counting(4).apply(step);
            }, null);
            Trainer.Outcome outcome = trainer.run(checkpoint, m -> { });
            assertThat(Thread.interrupted()).as("the interrupt is kept for the caller").isTrue();
            assertThat(outcome).isEqualTo(new Trainer.Outcome(new Progress(4, 4 * 4 * Tiny.TIME, 0), true, null));
            LanguageModel next = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
            Trainer resumed = new Trainer(on, next, Tiny.training(STEPS), Tiny.counting(4), null);
            resumed.restore(checkpoint);
            assertThat(resumed.progress()).isEqualTo(outcome.progress());
            TrainerTest.assertSameBits(TrainerTest.values(next), TrainerTest.values(model));
        }
    }

    @Test
    void refusesACheckpointOfAnotherRun() {
        try (Backend on = new ReferenceBackend(); Backend simd = Backends.open("simd", 1)) {
            Checkpoint checkpoint = new Checkpoint(folder);
            new Run(on, Tiny.training(STEPS)).trainer.save(checkpoint);
            LanguageModel other = Tiny.model(on, Tiny.noisy(), Tiny.peer(25));
            Map<String, double[]> before = TrainerTest.values(other);
            Trainer wider = new Trainer(on, other, Tiny.training(STEPS), Tiny.counting(4), null);
            assertThatThrownBy(() -> wider.restore(checkpoint)).isInstanceOf(InputException.class)
                .hasMessage(folder + " is of another model than this run's: they differ in blocks");
            TrainerTest.assertSameBits(TrainerTest.values(other), before);

            Trainer dense = new Trainer(on, Tiny.model(on, Tiny.dense()), Tiny.training(STEPS), Tiny.counting(4), null);
            assertThatThrownBy(() -> dense.restore(checkpoint)).isInstanceOf(InputException.class)
                .hasMessage(folder + " is of another model than this run's: they differ in blocks");
            LanguageModel recurrent = new RecurrentModel.Spec().build(new Init(on, 1));
            assertThatThrownBy(() -> new Trainer(on, recurrent, Tiny.training(STEPS), Tiny.counting(4), null).restore(checkpoint)).isInstanceOf(InputException.class)
                .hasMessage(folder + " is of another model than this run's: they differ in kind (transformer and recurrent)");

            assertThatThrownBy(() -> new Run(on, Tiny.training(STEPS + 1)).trainer.restore(checkpoint)).isInstanceOf(InputException.class)
                .hasMessageContaining("checkpoint.json is of another training").hasMessageContaining("steps=9").hasMessageContaining("steps=10");

            assertThatThrownBy(() -> new Run(simd, Tiny.training(STEPS)).trainer.restore(checkpoint)).isInstanceOf(InputException.class)
                .hasMessageContaining("is F64, the simd back end wants F32");
        }
    }
}
