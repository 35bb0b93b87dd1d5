package org.moe4j.surgery;

import java.util.List;
import org.moe4j.backend.Backend;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.PatchModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;

/**
 * Lets a trained transformer read patches of numbers beside tokens: a new projection and new places, and all else copied. On text it computes the same as
 * before, to the last bit, whatever they learn; {@code patches} is what a training spec calls it.
 *
 * @param patch the values of a patch
 * @param perImage the patches of an image
 * @param seed of their first weights
 */
public record PatchInput(int patch, int perImage, long seed) {
    /** @throws InputException if the model is no transformer */
    public PatchModel apply(Backend on, LanguageModel model) {
        Transformer.Spec spec = Layers.transformer(model);
        PatchModel seeing = new PatchModel.Spec(spec, patch, perImage).build(new Init(on, seed));
        Weights from = new Weights(on, model);
        Weights to = new Weights(on, seeing);
        from.names("").forEach(name -> to.copy(from.get(name), to.get(name)));
        return seeing;
    }

    /** What {@link #apply} added, as a training spec names it. */
    public List<String> trained() {
        return List.of("patches");
    }
}
