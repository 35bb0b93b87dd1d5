package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.tensor.Shape;

class RecipeTest {
    @Test
    void glamHoldsItsRateAndThenFallsAsTheRootOfTheStep() {
        TrainingSpec published = Recipe.named("glam").training(16, 600_000, null, 1);
        assertThat(published.learningRate(0)).isEqualTo(0.01);
        assertThat(published.learningRate(9_999)).isEqualTo(0.01);
        assertThat(published.learningRate(39_999)).isCloseTo(0.005, within(1e-12));
        TrainingSpec small = Recipe.named("glam").training(16, 600, null, 1);
        assertThat(small.learningRate(9)).isEqualTo(0.01);
        assertThat(small.learningRate(39)).isCloseTo(0.005, within(1e-12));
        assertThat(small.restart()).isEqualTo(Restart.of(600));
        assertThat(small.optimizer()).isInstanceOf(Adafactor.Spec.class);
    }

    @Test
    void shazeerWarmsUpAndFallsAsTheRootOfTheStep() {
        TrainingSpec published = Recipe.named("moe2017").training(16, 27_000, null, 1);
        assertThat(published.learningRate(499)).isCloseTo(published.learningRate() / 2, within(1e-12));
        assertThat(published.learningRate(3_999)).isCloseTo(published.learningRate() / 2, within(1e-12));
        assertThat(Recipe.named("moe2017-100b").optimizer().state(Shape.of(10, 20)).keySet()).containsExactly("rows", "columns");
    }

    @Test
    void krajewskiFallsToATenth() {
        TrainingSpec spec = Recipe.named("fine-grained").training(16, 10_000, 2e-4, 1);
        assertThat(spec.learningRate(99)).isEqualTo(2e-4);
        assertThat(spec.learningRate(9_999)).isCloseTo(2e-5, within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7, 300, 1_000_000})
    void everyRecipeTrainsRunsOfAnyLength(long steps) {
        SpecReader reader = new SpecReader(new SpecModule());
        for (Recipe recipe : Recipes.all()) {
            TrainingSpec spec = recipe.training(16, steps, null, 3);
            for (long step : List.of(0L, steps / 2, steps - 1)) {
                assertThat(spec.learningRate(step)).as(recipe.name()).isPositive().isLessThanOrEqualTo(spec.learningRate());
            }
            assertThat(reader.parse(reader.toYaml(spec), TrainingSpec.class)).isEqualTo(spec);
            assertThat(recipe.training(16, steps, 0.25, 3).learningRate()).isEqualTo(0.25);
        }
    }

    @Test
    void architecturesHaveTheRecipeOfTheirPaper() {
        assertThat(Recipe.of("glam-64b-64e").name()).isEqualTo("glam");
        assertThat(Recipe.of("moe2017-4096-h").name()).isEqualTo("moe2017");
        assertThat(Recipe.of("moe2017-100b-4096-h").name()).isEqualTo("moe2017-100b");
        assertThat(Recipe.of("mixtral-8x7b").name()).isEqualTo("adamw");
        assertThat(Recipe.of("pangu-sigma").name()).isEqualTo("pangu-sigma");
        List<String> used = Architecture.all().stream().map(a -> Recipe.of(a.name()).name()).distinct().toList();
        assertThat(used).containsExactlyInAnyOrderElementsOf(Recipes.all().stream().map(Recipe::name).toList());
        assertThatThrownBy(() -> Recipe.named("adam")).isInstanceOf(InputException.class).hasMessageStartingWith("unknown recipe 'adam': did you mean 'adamw'?");
    }

    /** Held at 0.99 from step 317 on (1 - 317^-0.8 = 0.99001): one gradient of 1 after hundreds of zeros moves v by 0.01. */
    @Test
    void theSecondMomentsDecayHasALimit() {
        Fed weight = Fed.weight(new ReferenceBackend(), "w", Shape.of(1), 0);
        Adafactor.Spec spec = new Adafactor.Spec(false, false, null, null, null, Double.MAX_VALUE, 0.8, 0.99, 0.0, null);
        Optimizer optimizer = spec.build(weight.on(), List.of(weight.parameter()));
        optimizer.continueFrom(9_999);
        weight.feed(1);
        optimizer.step(0.1);
        assertThat(weight.values()[0]).isCloseTo(-0.1 / Math.sqrt(0.01), within(1e-9));
    }
}
