package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongPredicate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.model.LanguageModel;

/** A loss that spikes sends the run back, and the batches of the spike are left out; a run that leads nowhere ends. */
class SpikeTest {
    private static final int STEPS = 40;
    private static final Restart RULE = new Restart(5, 8, 6, 0.5, 2, 3);
    private static final TrainingSpec SPEC = Tiny.training(STEPS).withRestart(RULE);

    private final Backend on = new ReferenceBackend();

    @TempDir
    private Path folder;

    /** A run some of whose batches blow the model's head up, and so every loss from there on. */
    private final class Run {
        final LanguageModel model = Tiny.model(on, Tiny.dense());
        final SortedMap<Long, Double> losses = new TreeMap<>();                   // by step, the last of each
        final List<Long> steps = new ArrayList<>();
        final List<Long> batches = new ArrayList<>();
        final Trainer trainer;

        Run(TrainingSpec spec, LongPredicate poison) {
            Parameter head = model.parameters().stream().filter(p -> p.name().equals("head.weight")).findFirst().orElseThrow();
            trainer = new Trainer(on, model, spec, number -> {
                batches.add(number);
                if (poison.test(number)) {
                    on.scale(300, head.data());
                }
                return Tiny.counting(4).apply(number);
            }, Tiny.validation());
        }

        void hear(StepMetrics m) {
            steps.add(m.step());
            losses.put(m.step(), m.loss());
        }
    }

    @Test
    void goesBackAndLeavesTheBatchesOut() {
        Run calm = new Run(SPEC, number -> false);
        Progress end = calm.trainer.run(new Checkpoint(folder.resolve("calm")), calm::hear).progress();
        assertThat(end).isEqualTo(new Progress(STEPS, (long) STEPS * 4 * Tiny.TIME, 0));

        Run run = new Run(SPEC, number -> number == 22);
        Checkpoint checkpoint = new Checkpoint(folder.resolve("spiked"));
        Trainer.Outcome outcome = run.trainer.run(checkpoint, run::hear);
        // Batches 22 and 23 are high, in steps 23 and 24; the checkpoints before were those of steps 15 and 20.
        assertThat(run.steps.subList(0, 26)).endsWith(22L, 23L, 24L, 16L, 17L);
        assertThat(run.batches.subList(0, 26)).endsWith(21L, 22L, 23L, 24L, 25L);
        assertThat(outcome.progress()).isEqualTo(new Progress(STEPS, end.tokens(), 0, STEPS + 9, 1));
        assertThat(run.losses.headMap(16L)).isEqualTo(calm.losses.headMap(16L));
        assertThat(run.losses.lastEntry().getValue()).isLessThan(run.losses.get(1L)).isCloseTo(calm.losses.get((long) STEPS), org.assertj.core.api.Assertions.within(0.5));
        assertThat(checkpoint.exists()).isTrue();
        assertThat(folder.resolve("spiked").toFile().list()).as("nothing to go back to is left behind").hasSize(2);
    }

    @Test
    void isStoppedAndGoesOnWithTheSameBits() {
        Run whole = new Run(SPEC, number -> number == 22 || number == 34);
        Progress end = whole.trainer.run(new Checkpoint(folder.resolve("whole")), whole::hear).progress();
        assertThat(end.restarts()).isEqualTo(2);

        SortedMap<Long, Double> losses = new TreeMap<>();
        Checkpoint checkpoint = new Checkpoint(folder.resolve("killed"));
        int[] heard = {0};
        for (int killAfter : List.of(7, 16, 23, 24, 25, 27, 33, 47, 1000)) {      // counted in all steps heard of, those done twice included
            Run run = new Run(SPEC.withIntervals(0, 3, 0), number -> number == 22 || number == 34);
            if (checkpoint.exists()) {
                run.trainer.restore(checkpoint);
            }
            try {
                Progress last = run.trainer.run(checkpoint, m -> {
                    run.hear(m);
                    losses.put(m.step(), m.loss());
                    if (++heard[0] == killAfter) {
                        throw new IllegalStateException("killed");
                    }
                }).progress();
                assertThat(last).isEqualTo(end);
                TrainerTest.assertSameBits(TrainerTest.values(run.model), TrainerTest.values(whole.model));
            } catch (IllegalStateException killed) {
                assertThat(killed).hasMessage("killed");
            }
        }
        assertThat(losses).isEqualTo(whole.losses);
    }

    @Test
    void isGivenUpAfterTooManySpikes() {
        Run run = new Run(SPEC, number -> number >= 22 && number % 12 == 10);
        assertThatThrownBy(() -> run.trainer.run(new Checkpoint(folder), run::hear)).isInstanceOf(DivergedException.class)
            .hasMessageContaining("the loss spiked again after 3 restarts; a lower learning rate than 0.02");
    }

    @Test
    void isGivenUpWhenNoStepIsWorthAnything() {
        for (long steps : List.of(6L, 1000L)) {
            LanguageModel model = Tiny.model(on, Tiny.dense());
            model.parameters().getLast().data().set(0, Double.NaN);
            Trainer trainer = new Trainer(on, model, Tiny.training(steps), Tiny.counting(4), null);
            assertThatThrownBy(() -> trainer.run(m -> { })).isInstanceOf(DivergedException.class)
                .hasMessage("step " + Math.min(100, steps) + ": loss or gradients of the last " + Math.min(100, steps)
                    + " steps were not finite, and nothing is learned; a lower learning rate than 0.02 would do");
        }
    }

    /** The rule by hand: 8 losses of 3 and 5 in turn have mean 4 and deviation 1, so 6 deviations above is 10. */
    @Test
    void aHighLossIsFarAboveTheLast() {
        LossWatch watch = new LossWatch(RULE);
        watch.add(1000, false);                                                   // before the window is full nothing is high
        for (int i = 0; i < 8; i++) {
            watch.add(i % 2 == 0 ? 3 : 5, false);
        }
        watch.add(9.9, false);
        assertThat(watch.spiked()).isFalse();
        assertThat(watch.toString()).startsWith("0 0 5.0");                       // 9.9 was not high, and is one of the last eight now
        LossWatch again = new LossWatch(RULE);
        again.continueFrom("0 0 3.0 5.0 3.0 5.0 3.0 5.0 3.0 5.0");
        again.add(10.1, false);
        assertThat(again.toString()).isEqualTo("0 1 3.0 5.0 3.0 5.0 3.0 5.0 3.0 5.0");
        assertThat(again.spiked()).isFalse();                                     // one is not two in a row
        again.add(Double.NaN, true);
        again.add(10.1, false);
        assertThat(again.spiked()).isTrue();
        again.add(4, false);
        assertThat(again.spiked()).isFalse();
    }

    /** Equal losses have no deviation: the margin is what is left. */
    @Test
    void theMarginIsTheLeast() {
        LossWatch watch = new LossWatch(new Restart(1, 2, 6, 0.5, 1, 1));
        watch.continueFrom("0 0 4.0 4.0");
        watch.add(4.4, false);
        assertThat(watch.spiked()).isFalse();
        watch.continueFrom("0 0 4.0 4.0");
        watch.add(4.6, false);
        assertThat(watch.spiked()).isTrue();
    }
}
