package org.moe4j.surgery;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moe4j.backend.Backend;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;

/**
 * Branch-train-mix (Sukhbaatar et al. 2024): several models of one dense architecture, best branched off one seed model and trained apart,
 * become one mixture. Expert e of a layer is that layer of model e, the router is new, and what is not an expert is averaged, or that of
 * the first model. The mixture is then trained on all the data.
 *
 * <p>It is a new function, unless the models are equal and the gates sum to 1.
 *
 * @param layers which become mixtures, from 0; all of them in the paper
 * @param router over as many experts as there are models
 * @param others what becomes of the weights that are not experts
 * @param seed of the router's first weights
 */
public record BranchMix(List<Integer> layers, RouterSpec router, Others others, long seed) {
    /** Weights that are not experts. */
    public enum Others { AVERAGE, FIRST }

    public BranchMix {
        layers = List.copyOf(layers);
        if (layers.isEmpty()) {
            throw new InputException("layers is empty; mixing wants at least one layer");
        }
    }

    /**
     * Makes the mixture.
     *
     * @throws InputException if the models differ in their architecture, or are not as many as the router's experts
     */
    public LanguageModel apply(Backend on, List<LanguageModel> models) {
        if (models.size() != router.experts()) {
            throw new InputException("the router chooses among " + router.experts() + " experts, there are " + models.size() + " models to mix");
        }
        Transformer.Spec spec = Layers.transformer(models.getFirst());
        for (int i = 1; i < models.size(); i++) {
            if (!models.get(i).spec().equals(spec)) {
                throw new InputException("model " + i + " is no model of model 0's architecture: they differ in " + spec.differences(models.get(i).spec()));
            }
        }
        Map<Integer, MixtureOfExperts.Spec> mixtures = new LinkedHashMap<>();
        for (int layer : layers) {
            DenseFeedForward.Spec mlp = Layers.require(spec, layer, DenseFeedForward.Spec.class, "dense layer to become an expert");
            mixtures.put(layer, new MixtureOfExperts.Spec(router, DenseToExperts.bank(mlp, 1)));
        }
        LanguageModel mixture = Layers.with(spec, mixtures).build(new Init(on, seed).withTemporaryStores());
        List<Weights> from = models.stream().map(model -> new Weights(on, model)).toList();
        Weights to = new Weights(on, mixture);
        to.copyAllBut(layers, from.getFirst());
        if (others == Others.AVERAGE) {
            to.names("").stream().filter(name -> layers.stream().map(Layers::prefix).noneMatch(name::startsWith))
                .forEach(name -> to.average(name, from));
        }
        for (int layer : layers) {
            for (int e = 0; e < models.size(); e++) {
                new DenseToExperts(on, layer, 1).fill(from.get(e), to, e);
            }
        }
        return mixture;
    }
}
