package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.PatchModel;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

/** A model of text that learns to name patches, with experts of its own for them. */
class PatchInputTest {
    private static final int PATCH = 6;
    private static final int PATCHES = 64;

    /** Patch i has its largest value in place i mod 6. */
    private static float[][] patches() {
        float[][] patches = new float[PATCHES][PATCH];
        CounterRandom random = CounterRandom.of(1, "patches");
        for (int i = 0; i < PATCHES; i++) {
            for (int j = 0; j < PATCH; j++) {
                patches[i][j] = (float) (0.3 * random.normal((long) i * PATCH + j) + (j == i % PATCH ? 2 : 0));
            }
        }
        return patches;
    }

    /** Patches of domain 1 whose names are the tokens 0 to 5. */
    private static LongFunction<Batch> naming() {
        return step -> {
            CounterRandom random = CounterRandom.of(3, "naming").at(step);
            int[] tokens = new int[4 * Tiny.TIME];
            Arrays.setAll(tokens, i -> Tiny.VOCABULARY + random.below(i, PATCHES));
            int[] targets = Arrays.stream(tokens).map(token -> (token - Tiny.VOCABULARY) % PATCH).toArray();
            return new Batch(4, Tiny.TIME, tokens, targets, new int[] {1, 1, 1, 1});
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void textIsComputedAsBeforeWhateverIsLearnedOfPatches(String device) {
        try (Backend on = Backends.open(device, 2)) {
            LanguageModel text = Tiny.trained(on, 1, Tiny.mixture(new TopKRouter.Spec(5, 2)), Tiny.dense(Activation.SWIGLU, false));
            Tiny.Answer old = Tiny.ask(on, text, 0);
            Growth growth = new Growth(3, 1, false, 0, 7);
            PatchInput input = new PatchInput(PATCH, 4, 7);
            LanguageModel grown = growth.apply(on, text);
            PatchModel seeing = input.apply(on, grown);
            seeing.show(patches());
            assertThat(Tiny.ask(on, seeing, 0).logits()).isEqualTo(old.logits());
            double before = Tiny.ask(on, seeing, naming().apply(-1)).loss();
            List<String> trained = new ArrayList<>(input.trained());
            trained.addAll(growth.trained(grown));
            new Trainer(on, seeing, TrainingSpec.of(4, 80, 0.02).withTrained(trained.toArray(String[]::new)), naming(), null).run(m -> {});
            assertThat(Tiny.ask(on, seeing, naming().apply(-1)).loss()).isLessThan(before - 0.5);
            assertThat(Tiny.ask(on, seeing, 0).logits()).isEqualTo(old.logits());
        }
    }

    /** Text and patches in one sequence. */
    @Test
    void gradientsOfMixedSequencesAreRight() {
        Backend on = new ReferenceBackend();
        PatchModel model = new PatchInput(PATCH, 4, 7).apply(on, Tiny.model(on, 1, Tiny.dense(Activation.GELU, true)));
        model.show(patches());
        int[] tokens = {3, Tiny.VOCABULARY + 5, Tiny.VOCABULARY, 4, Tiny.VOCABULARY + 63, 1, 2, 0};
        int[] targets = {1, -1, 2, 3, 4, 5, 6, 7};
        GradientCheck.Result worst = GradientCheck.of(on, model.parameters(),
            t -> List.of(model.forward(t, tokens, Pass.evaluation(1, 8)).crossEntropy(t, targets)), 3);
        assertThat(worst.error()).as(worst.toString()).isLessThan(1e-6);
    }

    @Test
    void patchesOfAnotherSizeAreRefused() {
        Backend on = new ReferenceBackend();
        PatchModel model = new PatchInput(PATCH, 4, 7).apply(on, Tiny.model(on, 1, Tiny.dense(Activation.GELU, true)));
        assertThatThrownBy(() -> model.show(new float[][] {new float[PATCH], new float[4]})).isInstanceOf(InputException.class)
            .hasMessage("a patch has 4 values, the model wants 6");
    }
}
