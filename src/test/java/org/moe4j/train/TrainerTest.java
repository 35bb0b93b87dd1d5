package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;

class TrainerTest {
    private final Backend on = new ReferenceBackend();

    static Map<String, double[]> values(LanguageModel model) {
        Map<String, double[]> values = new HashMap<>();
        for (Parameter p : model.parameters()) {
            values.put(p.name(), p.value().toDoubles());
        }
        return values;
    }

    /** To the last bit; only the names of those that differ are shown. */
    static void assertSameBits(Map<String, double[]> found, Map<String, double[]> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        assertThat(found.keySet().stream().filter(name -> !Arrays.equals(found.get(name), expected.get(name)))).as("differing").isEmpty();
    }

    @Test
    void learnsToCount() {
        LanguageModel model = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
        List<StepMetrics> heard = new ArrayList<>();
        Trainer trainer = new Trainer(on, model, Tiny.training(80).withIntervals(40, 0, 20), Tiny.counting(4), Tiny.validation());
        Trainer.Outcome outcome = trainer.run(heard::add);
        assertThat(heard.getFirst().loss()).isCloseTo(Math.log(Tiny.VOCABULARY), within(0.1)); // nothing known: uniform
        assertThat(outcome.evaluation().natsPerToken()).isLessThan(1.5);
        assertThat(outcome.evaluation().bitsPerByte()).isCloseTo(outcome.evaluation().natsPerToken() / (2 * Math.log(2)), within(1e-12));
        assertThat(outcome.progress()).isEqualTo(new Progress(80, 80 * 4 * Tiny.TIME, 0));
        assertThat(heard).extracting(StepMetrics::step).startsWith(1L, 2L).endsWith(80L).hasSize(80);
        assertThat(heard.stream().filter(m -> m.evaluation() != null)).extracting(StepMetrics::step).containsExactly(40L, 80L);
        assertThat(heard.getLast().evaluation()).isSameAs(outcome.evaluation());
        assertThat(heard.stream().filter(m -> !m.loads().isEmpty())).extracting(StepMetrics::step).containsExactly(20L, 40L, 60L, 80L);
        RoutingStatistics load = heard.getLast().loads().getFirst();
        assertThat(load.load()).hasSize(4);
        assertThat(LongStream.of(load.load()).sum()).isEqualTo(4 * Tiny.TIME * 2);
        assertThat(outcome.evaluation().loads().get(1).tokens()).as("the whole slice").isEqualTo(10 * Tiny.TIME);
        assertThat(heard.getLast().auxiliary()).containsOnlyKeys("importance", "load");
        assertThat(heard.get(1).learningRate()).isEqualTo(0.02);
    }

    @Test
    void evaluationChangesNothing() {
        LanguageModel often = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
        LanguageModel seldom = Tiny.model(on, Tiny.noisy(), Tiny.peer(16));
        new Trainer(on, often, Tiny.training(6).withIntervals(1, 0, 1), Tiny.counting(4), Tiny.validation()).run(m -> { });
        new Trainer(on, seldom, Tiny.training(6), Tiny.counting(4), null).run(m -> { });
        assertSameBits(values(often), values(seldom));
    }

    /** The listener sees the model between steps: it breaks a weight for a while, so that losses are not finite. */
    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void skipsStepsThatAreNotFinite(double broken) {
        LanguageModel model = Tiny.model(on, Tiny.peer(16), Tiny.dense());
        Parameter weight = model.parameters().getFirst();
        double[] sound = new double[1];
        Map<String, double[]> before = new HashMap<>();
        List<Boolean> skipped = new ArrayList<>();
        Trainer trainer = new Trainer(on, model, Tiny.training(8), Tiny.counting(4), null);
        Trainer.Outcome outcome = trainer.run(m -> {
            skipped.add(m.skipped());
            if (m.step() == 3) {
                sound[0] = weight.data().get(5);
                for (int row = 0; row < Tiny.VOCABULARY; row++) {
                    weight.data().set(row * 12L, broken);
                }
                before.putAll(values(model));
            }
            if (m.step() == 5) {
                assertThat(m.gradientNorm()).isNaN();
                assertSameBits(values(model), before);
                for (int row = 0; row < Tiny.VOCABULARY; row++) {
                    weight.data().set(row * 12L, 0.01);
                }
            }
        });
        assertThat(skipped).containsExactly(false, false, false, true, true, false, false, false);
        assertThat(outcome.progress()).isEqualTo(new Progress(8, 8 * 4 * Tiny.TIME, 2));
        assertThat(values(model).values()).allSatisfy(x -> assertThat(x).doesNotContain(Double.NaN));
    }

    @Test
    void accumulationEqualsTheBigBatch() {
        List<Map<String, double[]>> results = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int parts : List.of(1, 2, 4)) {
            LanguageModel model = Tiny.model(on, Tiny.dense(), Tiny.peerWithoutNorm());
            new Trainer(on, model, Tiny.training(5).withAccumulation(parts).withOptimizer(new Sgd.Spec(0.9, false, 0.1)), Tiny.counting(4), null)
                .run(m -> losses.add(m.loss()));
            results.add(values(model));
        }
        for (int other = 1; other < results.size(); other++) {
            Map<String, double[]> same = results.get(other);
            results.getFirst().forEach((name, whole) -> assertThat(same.get(name)).as(name).containsExactly(whole, within(1e-12)));
            for (int step = 0; step < 5; step++) {
                assertThat(losses.get(5 * other + step)).isCloseTo(losses.get(step), within(1e-12));
            }
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        List<Map<String, double[]>> results = new ArrayList<>();
        for (int threads : List.of(1, 2, 3)) {
            try (Backend simd = Backends.open("simd", threads)) {
                LanguageModel model = Tiny.model(simd, Tiny.noisy(), Tiny.peer(16));
                new Trainer(simd, model, Tiny.training(5), Tiny.counting(4), null).run(m -> { });
                results.add(values(model));
            }
        }
        assertSameBits(results.get(1), results.get(0));
        assertSameBits(results.get(2), results.get(0));
    }

    @Test
    void refusesWhatCannotBeTrained() {
        TrainingSpec sound = Tiny.training(10);
        assertThatThrownBy(() -> sound.withAccumulation(3)).isInstanceOf(InputException.class)
            .hasMessage("gradientAccumulation is 3, which does not divide the batch of 4 sequences");
        assertThatThrownBy(() -> Tiny.training(1)).isInstanceOf(InputException.class)
            .hasMessage("warmup is 2 steps, more than the 1 steps of the run");
        assertThatThrownBy(() -> TrainingSpec.of(0, 10, 0.1)).isInstanceOf(InputException.class).hasMessage("batch is 0, it has to be at least 1");
        for (double rate : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> TrainingSpec.of(1, 10, rate)).isInstanceOf(InputException.class)
                .hasMessage("learningRate is " + rate + ", it has to be above 0 and finite");
        }
    }
}
