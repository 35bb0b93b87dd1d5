package org.moe4j.surgery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Transformer;

/** The feed-forward layers of a transformer: which to operate on, how their parameters are named, and the spec with others in their place. */
public final class Layers {
    private Layers() {}

    /** Every other layer, from the second on: Komatsuzaki et al. 2022 for language, GLaM. */
    public static List<Integer> everyOther(int layers) {
        return IntStream.range(0, layers).filter(i -> i % 2 == 1 || layers == 1).boxed().toList();
    }

    /** The last half, rounded up: Komatsuzaki et al. 2022 for vision. */
    public static List<Integer> lastHalf(int layers) {
        return IntStream.range(layers / 2, layers).boxed().toList();
    }

    public static List<Integer> all(int layers) {
        return IntStream.range(0, layers).boxed().toList();
    }

    /** What a user writes: "all", "every-other", "last-half", or numbers from 0 such as "1,3". */
    public static List<Integer> named(String choice, int layers) {
        return switch (choice) {
            case "all" -> all(layers);
            case "every-other" -> everyOther(layers);
            case "last-half" -> lastHalf(layers);
            default -> {
                if (!choice.matches("\\d{1,6}(,\\d{1,6})*")) {
                    throw new InputException("layers is '" + choice + "', want all, every-other, last-half, or numbers from 0 such as 1,3");
                }
                yield Arrays.stream(choice.split(",")).map(Integer::valueOf).toList();
            }
        };
    }

    /** What the names of a layer's parameters begin with. */
    static String prefix(int layer) {
        return "blocks." + layer + ".feedForward.";
    }

    static Transformer.Spec transformer(LanguageModel model) {
        if (model.spec() instanceof Transformer.Spec spec) {
            return spec;
        }
        throw new InputException("surgery is for transformers, this model is of the kind " + ModelSpec.CATALOG.nameOf(model.spec()));
    }

    /** A layer's router in the words of a message. */
    static String withRouter(int layer, RouterSpec router) {
        return "layer " + layer + " has a " + SpecCatalog.ROUTERS.nameOf(router) + " router";
    }

    /** The spec with other layers in some places. */
    static Transformer.Spec with(Transformer.Spec spec, Map<Integer, ? extends FeedForwardSpec> others) {
        List<FeedForwardSpec> layers = new ArrayList<>(spec.feedForwards());
        others.forEach(layers::set);
        return spec.withFeedForwards(layers);
    }

    /** The spec of a layer, which has to be of a certain kind. */
    static <S extends FeedForwardSpec> S require(Transformer.Spec spec, int layer, Class<S> kind, String wanted) {
        List<FeedForwardSpec> layers = spec.feedForwards();
        if (layer < 0 || layer >= layers.size()) {
            throw new InputException("there is no layer " + layer + ": the model has " + layers.size() + " layers, numbered from 0");
        }
        if (!kind.isInstance(layers.get(layer))) {
            throw new InputException("layer " + layer + " is of the kind " + SpecCatalog.FEED_FORWARDS.nameOf(layers.get(layer)) + ", which is no " + wanted);
        }
        return kind.cast(layers.get(layer));
    }
}
