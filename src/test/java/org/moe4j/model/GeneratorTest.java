package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

class GeneratorTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    private final Backend on = Backends.open("reference", 1);
    private final Transformer model = new Transformer.Spec().build(new Init(on, 1));
    private final Generator generator = new Generator(on, model);

    @Test
    void theLogitsAreThoseOfTheLastToken() {
        try (Tape t = new Tape(on, new Arena(on), false)) {
            double[] all = model.forward(t, PROMPT, Pass.evaluation(1, PROMPT.length)).logits(t).value().toDoubles();
            assertThat(generator.logits(PROMPT)).containsExactly(Arrays.copyOfRange(all, all.length - model.spec().vocabulary(), all.length));
        }
    }

    @Test
    void eachTokenFollowsFromAllBeforeIt() {
        int[] next = generator.continued(PROMPT, 20, 32, Generator.NO_END, Sampling.GREEDY);       // past the sequence of 16, too
        assertThat(next).hasSize(20);
        int[] text = PROMPT;
        for (int token : next) {
            assertThat(token).isEqualTo(Sampling.GREEDY.next(generator.logits(text), 0));
            text = Arrays.copyOf(text, text.length + 1);
            text[text.length - 1] = token;
        }
        assertThat(generator.continued(PROMPT, 20, 32, next[3], Sampling.GREEDY)).as("the end is not part of the text").hasSizeLessThanOrEqualTo(3);
        assertThat(Arrays.stream(generator.continued(PROMPT, 30, 6, Generator.NO_END, new Sampling(5, 1, 1)))).allMatch(token -> token < 6);
    }

    @Test
    void refusesAnEmptyPromptAndUnknownTokens() {
        assertThatThrownBy(() -> generator.logits()).isInstanceOf(InputException.class).hasMessageContaining("the prompt is empty");
        assertThatThrownBy(() -> generator.logits(1, 32)).isInstanceOf(InputException.class).hasMessageContaining("token 32 is not of the model's vocabulary, which has 0 to 31");
    }
}
