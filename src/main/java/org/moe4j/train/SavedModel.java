package org.moe4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.io.SpecReader;
import org.moe4j.io.TensorData;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Tensor;

/**
 * A model kept in the folder of a {@link Checkpoint}, which says itself what it is: the fact "model" is its spec in JSON. Checkpoints of a
 * {@link Trainer} are such folders; what is saved here alone has no optimizer state, and training it begins anew.
 */
public final class SavedModel {
    /** The fact that holds the spec. */
    static final String SPEC = "model";
    /** What the names of the optimizer's tensors begin with. */
    static final String OPTIMIZER = "optimizer.";
    private static final SpecReader READER = new SpecReader(new SpecModule(ModelSpec.CATALOG));

    private record Kept(ModelSpec model) {}

    private SavedModel() {}

    /**
     * Builds the model of a checkpoint with the weights and running means that it has; the optimizer's state is left.
     *
     * @throws InputException if a file is missing, truncated or corrupted, or does not say of which model it is
     */
    public static LanguageModel load(Backend on, Checkpoint from) {
        LanguageModel model = spec(from).build(new Init(on, 0).withTemporaryStores());
        from.read(on, tensors(model), Map.of(), SavedModel::isOptimizers);
        return model;
    }

    /** The spec of the model in a checkpoint, of which the tensors are not read. */
    public static ModelSpec spec(Checkpoint from) {
        String spec = from.facts().get(SPEC);
        if (spec == null) {
            throw new InputException(from.folder() + " does not say of which model it is; a checkpoint of a trainer does");
        }
        try {
            return READER.parse(spec, Kept.class).model();
        } catch (InputException unreadable) {
            throw new InputException(from.folder() + " says of which model it is in words of another version: " + unreadable.getMessage(), unreadable);
        }
    }

    /**
     * Writes weights and running means.
     *
     * @param facts more to keep beside the spec, such as how the model came about
     */
    public static void save(Backend on, LanguageModel model, Checkpoint to, Map<String, String> facts) {
        Map<String, String> all = new LinkedHashMap<>(facts);
        all.put(SPEC, json(model.spec()));
        to.write(on, tensors(model), all);
    }

    /** Whether a tensor of a checkpoint is its optimizer's. */
    public static boolean isOptimizers(String tensor) {
        return tensor.startsWith(OPTIMIZER);
    }

    /** The parameter that a tensor {@link #isOptimizers of an optimizer} is kept for, and behind it what of the optimizer's it is. */
    public static String besides(String tensor) {
        return tensor.substring(OPTIMIZER.length());
    }

    /**
     * Writes weights and running means, for other programs, as one safetensors file; the fact "model" of its metadata is the spec.
     *
     * @param as a floating-point type, to which they are rounded
     * @throws InputException if the file cannot be written
     */
    public static void writeWeights(Backend on, LanguageModel model, DType as, Path file) {
        List<TensorData> weights = new ArrayList<>();
        tensors(model).forEach((name, x) -> weights.add(
            new TensorData(name, as, Arrays.stream(x.shape().dims()).asLongStream().toArray(), x.data().segment(), Checkpoint.type(on, x))));
        SafetensorsWriter.write(file, weights, Map.of(SPEC, json(model.spec())));
    }

    static String json(ModelSpec spec) {
        return READER.toJson(new Kept(spec));
    }

    private static Map<String, Tensor> tensors(LanguageModel model) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Parameter p : model.parameters()) {
            tensors.put(p.name(), p.value());
        }
        return tensors;
    }
}
