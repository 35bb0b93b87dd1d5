package org.moe4j.model;

import java.util.Arrays;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.io.InputException;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Tensor;

/**
 * Continues a text token by token. Each token costs a pass over all before it, up to the model's longest sequence: nothing is kept from one
 * token to the next.
 */
public final class Generator {
    /** No token ends the text. */
    public static final int NO_END = -1;

    private final Backend on;
    private final LanguageModel model;
    private final Arena arena;

    public Generator(Backend on, LanguageModel model) {
        this.on = on;
        this.model = model;
        arena = new Arena(on);
    }

    /**
     * The logits of the token that follows, (V).
     *
     * @param tokens at least one; of more than the model's sequence the last ones count
     * @throws InputException if there is none, or one is not of the vocabulary
     */
    public double[] logits(int... tokens) {
        if (tokens.length == 0) {
            throw new InputException("the prompt is empty; a model wants at least one token to go on from");
        }
        int vocabulary = model.spec().vocabulary();
        for (int token : tokens) {
            if (token < 0 || token >= vocabulary) {
                throw new InputException("token " + token + " is not of the model's vocabulary, which has 0 to " + (vocabulary - 1));
            }
        }
        int[] seen = Arrays.copyOfRange(tokens, Math.max(0, tokens.length - model.spec().sequence()), tokens.length);
        try (Tape t = new Tape(on, arena, false)) {
            Tensor all = model.forward(t, seen, Pass.evaluation(1, seen.length)).logits(t).value();
            double[] last = new double[vocabulary];
            all.data().read((seen.length - 1L) * vocabulary, last);
            return last;
        }
    }

    /**
     * The tokens that follow a prompt.
     *
     * @param most how many at most
     * @param vocabulary draws among the tokens below this: a model may have more rows than its tokenizer has tokens
     * @param end the token after which nothing follows, or {@link #NO_END}; it is not among the result
     */
    public int[] continued(int[] prompt, int most, int vocabulary, int end, Sampling sampling) {
        int[] tokens = Arrays.copyOf(prompt, prompt.length + most);
        for (int n = prompt.length; n < tokens.length; n++) {
            double[] logits = logits(Arrays.copyOf(tokens, n));
            int next = sampling.next(Arrays.copyOf(logits, Math.min(vocabulary, logits.length)), n - prompt.length);
            if (next == end) {
                return Arrays.copyOfRange(tokens, prompt.length, n);
            }
            tokens[n] = next;
        }
        return Arrays.copyOfRange(tokens, prompt.length, tokens.length);
    }
}
