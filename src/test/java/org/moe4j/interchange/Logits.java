package org.moe4j.interchange;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Pass;

/** What a model says of a batch of sequences. */
final class Logits {
    private Logits() {}

    static double[] of(Backend on, LanguageModel model, int batch, int... tokens) {
        try (Tape t = new Tape(on, new Arena(on), false)) {
            return model.forward(t, tokens, Pass.evaluation(batch, tokens.length / batch)).logits(t).value().toDoubles();
        }
    }
}
