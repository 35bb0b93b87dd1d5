package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

class SweepTest {
    private static final SpecReader READER = new SpecReader(new SpecModule(ModelSpec.CATALOG));

    @TempDir
    Path folder;

    @Test
    void everyArmSpendsTheSameTrainingFlopsWithinOneStep() throws IOException {
        Sweep sweep = Sweep.of(TinySweep.spec(TinySweep.text(folder)));
        assertThat(sweep.plans()).extracting(p -> p.arm().label()).containsExactly("dense", "MoE G=1", "MoE G=4", "PKM", "PEER");
        for (ArmPlan plan : sweep.plans()) {
            assertThat(plan.steps() * plan.flopsPerStep()).isLessThanOrEqualTo((long) sweep.spec().flops())
                .isGreaterThan((long) sweep.spec().flops() - plan.flopsPerStep());
            try (Backend on = new ReferenceBackend(); Tape t = new Tape(on, new Arena(on))) {
                int batch = sweep.spec().batch();
                int time = sweep.spec().sequence();
                plan.arm().model().build(new Init(on, 1)).forward(t, new int[batch * time], Pass.training(batch, time, 1, 0))
                    .crossEntropy(t, new int[batch * time]);
                assertThat(t.cost().trainingFlops()).as(plan.arm().label()).isEqualTo(plan.flopsPerStep());
            }
        }
    }

    @Test
    void fineExpertsHaveTheActiveParametersOfCoarseOnes() throws IOException {
        Sweep sweep = Sweep.of(TinySweep.spec(TinySweep.text(folder)));
        long dense = sweep.plans().get(0).cost().activeParameters();
        for (ArmPlan moe : sweep.plans().subList(1, 3)) {
            long around = sweep.spec().layers() * (moe.arm().granularity() * 4L * 16 + 2 * 16);     // router and output norm
            assertThat(moe.cost().activeParameters()).isEqualTo(dense + around);
        }
    }

    @Test
    void runsEveryTrialOnceAndLearns() throws IOException {
        SweepSpec spec = TinySweep.spec(TinySweep.text(folder)).explicit();
        Sweep sweep = Sweep.of(spec);
        Path out = folder.resolve("out");
        SweepRunner.Outcome outcome = run(sweep, out, false);
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.results()).hasSize(5);
        for (TrialResult result : outcome.results()) {
            TrialSummary s = result.summary();
            assertThat(s.validationLoss()).as(s.label()).isLessThan(Math.log(256) - 0.5);            // far below a guess
            assertThat(s.curve().getLast().step()).isEqualTo(result.spec().training().steps());
            assertThat(s.curve().getLast().validationLoss()).isCloseTo(s.validationLoss(), org.assertj.core.api.Assertions.within(1e-6));
            assertThat(s.tokens()).isEqualTo(result.spec().training().steps() * 4 * 16);
            assertThat(s.expertUsage()).satisfiesAnyOf(u -> assertThat(u).isNaN(), u -> assertThat(u).isBetween(0.01, 1.0));
        }
        Map<Path, Object> before = files(out);
        assertThat(run(sweep, out, true).results()).hasSize(5);
        assertThat(files(out)).isEqualTo(before);                                                    // nothing was run again
    }

    @Test
    void aStoppedSweepGoesOnToTheSameBits() throws IOException {
        SweepSpec spec = TinySweep.arms(TinySweep.spec(TinySweep.text(folder)), List.of("moe", "peer"), List.of(4)).explicit();
        Sweep sweep = Sweep.of(spec);
        List<TrialResult> whole = run(sweep, folder.resolve("whole"), false).results();

        Path out = folder.resolve("stopped");
        ResultStore store = ResultStore.open(out, spec, false, READER);
        for (TrialSpec trial : sweep.trials()) {
            try (Backend on = Backends.open("auto", 1)) {
                store.begin(trial);
                Trial stopped = new Trial(trial, sweep.text(), on, store.trialFolder(trial));
                stopped.stop();                                                                      // before its first step: a checkpoint all the same
                assertThat(stopped.run(ProgressBars.lines(System.out))).isEmpty();
            }
        }
        List<TrialResult> resumed = run(sweep, out, true).results();
        for (int i = 0; i < whole.size(); i++) {
            assertThat(resumed.get(i).summary().validationLoss()).isEqualTo(whole.get(i).summary().validationLoss());
        }
    }

    @Test
    void aFailingTrialIsNotedAndTheOthersGoOn() throws IOException {
        SweepSpec spec = TinySweep.arms(TinySweep.spec(TinySweep.text(folder)), List.of("dense", "moe"), List.of(4)).explicit();
        Sweep sweep = Sweep.of(spec);
        Path out = folder.resolve("out");
        ResultStore store = ResultStore.open(out, spec, false, READER);
        Path inTheWay = store.trialFolder(sweep.trials().getFirst()).resolve("metrics.csv");
        Files.createDirectories(inTheWay);                                                           // a folder where a file has to go
        SweepRunner.Outcome outcome = new SweepRunner(sweep, store, ProgressBars.lines(System.out), "test").run();
        assertThat(outcome.results()).extracting(r -> r.summary().label()).containsExactly("MoE G=4");
        assertThat(outcome.failures()).singleElement().asString().startsWith("dense with seed 1 failed: cannot").contains("metrics.csv");
        assertThat(Files.readString(inTheWay.resolveSibling("failed.txt"))).startsWith("dense with seed 1 failed");
    }

    @Test
    void refusesAFolderThatHasSomethingInIt() throws IOException {
        SweepSpec spec = TinySweep.spec(TinySweep.text(folder)).explicit();
        assertThatThrownBy(() -> ResultStore.open(folder, spec, false, READER)).isInstanceOf(InputException.class)
            .hasMessageContaining("is not empty").hasMessageContaining("--resume");
        assertThatThrownBy(() -> ResultStore.open(folder, spec, true, READER)).isInstanceOf(InputException.class).hasMessageContaining("no sweep.yaml");
    }

    @Test
    void refusesToResumeAnotherSweep() throws IOException {
        SweepSpec spec = TinySweep.spec(TinySweep.text(folder)).explicit();
        Path out = folder.resolve("out");
        ResultStore.open(out, spec, false, READER);
        assertThatThrownBy(() -> ResultStore.open(out, TinySweep.arms(spec, List.of("dense"), List.of(2)), true, READER))
            .isInstanceOf(InputException.class).hasMessageContaining("differs from this sweep in arms, granularity");
    }

    @Test
    void refusesASweepThatTheHeapCannotHold() throws IOException {
        Sweep sweep = Sweep.of(TinySweep.spec(TinySweep.text(folder)));
        assertThatThrownBy(() -> Room.requireHeap("2 trials need", ArmPlan.bytesAtOnce(sweep.plans(), 2), 100L << 20, "less")).isInstanceOf(InputException.class)
            .hasMessageContaining("the heap is 100 MB").hasMessageContaining("-Xmx");
        Room.requireHeap("2 trials need", ArmPlan.bytesAtOnce(sweep.plans(), 2), 2L << 30, "less");
    }

    private static SweepRunner.Outcome run(Sweep sweep, Path out, boolean resume) {
        ResultStore store = ResultStore.open(out, sweep.spec(), resume, READER);
        return new SweepRunner(sweep, store, ProgressBars.lines(new PrintStream(new ByteArrayOutputStream())), "test").run();
    }

    private static Map<Path, Object> files(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).collect(Collectors.toMap(f -> f, f -> {
                try {
                    return Files.getLastModifiedTime(f);
                } catch (IOException gone) {
                    throw new java.io.UncheckedIOException(gone);
                }
            }));
        }
    }
}
