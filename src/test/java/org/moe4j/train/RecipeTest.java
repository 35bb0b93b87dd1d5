package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;
import org.moe4j.model.zoo.Architecture;

class RecipeTest {
    @Test
    void anArchitectureIsTrainedByItsPapersRecipe() {
        assertThat(Recipe.of("moe2017-4096-h").name()).isEqualTo("moe2017");
        assertThat(Recipe.of("moe2017-100b-4096-h").name()).isEqualTo("moe2017-100b");
        assertThat(Recipe.of("glam-64b-64e").name()).isEqualTo("glam");
        assertThat(Recipe.of("mixtral-8x7b").name()).isEqualTo("adamw");
        for (Architecture a : Architecture.all()) {
            Recipe recipe = Recipe.of(a.name());
            assertThat(Recipe.named(recipe.name())).isEqualTo(recipe);
            assertThat(recipe.training(8, 100, null, 1).steps()).isEqualTo(100);
        }
    }

    @Test
    void anUnknownRecipeHasItsNearest() {
        assertThatThrownBy(() -> Recipe.named("moe2018")).isInstanceOf(InputException.class).hasMessageStartingWith("unknown recipe 'moe2018': did you mean 'moe2017'?");
    }
}
