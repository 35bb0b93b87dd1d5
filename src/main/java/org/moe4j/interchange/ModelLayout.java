package org.moe4j.interchange;

import java.util.List;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;

/** A published architecture as Hugging Face's transformers stores it: which config field and which tensor is what of ours. */
interface ModelLayout {
    /** All of them. */
    List<ModelLayout> ALL = List.of(new MixtralLayout(), new OlmoeLayout());

    /** {@code model_type} in config.json. */
    String modelType();

    /**
     * The spec that computes what transformers computes with this config.
     *
     * @throws InputException for a field that is missing, of the wrong kind, or asks for something that isn't there
     */
    Transformer.Spec spec(Config config);

    /**
     * The fields of config.json that say what the spec says.
     *
     * @throws InputException if the architecture has no field for something in the spec
     */
    ObjectNode config(Transformer.Spec spec);

    /** Every tensor of a checkpoint. */
    List<Place> places(Transformer.Spec spec);

    /** The layout of this {@code model_type}.
     *
     *  @throws InputException if there is none */
    static ModelLayout named(String modelType) {
        return ALL.stream().filter(layout -> layout.modelType().equals(modelType)).findFirst()
            .orElseThrow(() -> InputException.unknown("model_type", modelType, ALL.stream().map(ModelLayout::modelType).toList()));
    }

    /** The layout that has a field for everything in the spec.
     *
     *  @throws InputException if there is none: the sentence says why not */
    static ModelLayout fitting(Transformer.Spec spec) {
        StringBuilder reasons = new StringBuilder();
        for (ModelLayout layout : ALL) {
            try {
                layout.config(spec);
                return layout;
            } catch (InputException unfit) {
                reasons.append(reasons.isEmpty() ? "" : "; ").append(unfit.getMessage());
            }
        }
        throw new InputException("no layout of Hugging Face's that is known here holds this model (experiments/run export writes any model's weights): " + reasons);
    }
}
