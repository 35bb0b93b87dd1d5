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
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Tensor;

/**
 * Sparse upcycling (Komatsuzaki et al. 2022): some feed-forward layers of a trained dense model become mixtures, of which every expert
 * begins as a copy of the layer and the router is new; all else is copied.
 *
 * <p>If a token's gates sum to 1 and none of its choices is dropped, the new model computes the same function, whatever the router: all
 * experts are equal. If they don't (Switch, OLMoE, expert choice), a layer's output is scaled by their sum, and a token that no expert takes
 * loses it: the loss jumps.
 *
 * <p>With granularity G each copy is cut into G experts of 1/G the width, and G times as many serve a token. That is the same function only
 * if a token gets all G parts of a copy at equal gates; so a copy's parts begin with the same router row, and are chosen together because
 * their logits are equal. Training then parts them. With a row of its own for each part it would be another function from the start, as it
 * is while a router adds noise of its own to each logit.
 *
 * @param layers which, from 0
 * @param router before the cut: of E copies K for a token; with granularity G it is built for G·E and G·K
 * @param granularity G, 1 for whole copies; it divides the layers' hidden width
 * @param noise the deviation of normal numbers added to the experts' weights, as a multiple of the weights' root mean square; 0 for none
 * @param seed of the router's first weights and of the noise
 */
public record Upcycling(List<Integer> layers, RouterSpec router, int granularity, double noise, long seed) {
    public Upcycling {
        layers = List.copyOf(layers);
        if (layers.isEmpty()) {
            throw new InputException("layers is empty; upcycling wants at least one layer");
        }
        if (granularity < 1) {
            throw new InputException("granularity is " + granularity + ", it has to be at least 1");
        }
        if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
            throw new InputException("noise is " + noise + ", want a finite number of at least 0");
        }
    }

    /** Whole copies, without noise. */
    public Upcycling(List<Integer> layers, RouterSpec router, long seed) {
        this(layers, router, 1, 0, seed);
    }

    /**
     * Makes the mixture.
     *
     * @throws InputException if a layer is not there or not dense, or cannot be cut
     */
    public LanguageModel apply(Backend on, LanguageModel dense) {
        Transformer.Spec spec = Layers.transformer(dense);
        Map<Integer, MixtureOfExperts.Spec> mixtures = new LinkedHashMap<>();
        RouterSpec finer = granularity == 1 ? router
            : router.withExperts(granularity * router.experts(), (int) Math.round(granularity * router.perToken()));
        for (int layer : layers) {
            DenseFeedForward.Spec mlp = Layers.require(spec, layer, DenseFeedForward.Spec.class, "dense layer to copy");
            mixtures.put(layer, new MixtureOfExperts.Spec(finer, DenseToExperts.bank(mlp, granularity)));
        }
        LanguageModel mixture = Layers.with(spec, mixtures).build(new Init(on, seed).withTemporaryStores());
        Weights from = new Weights(on, dense);
        Weights to = new Weights(on, mixture);
        to.copyAllBut(layers, from);
        for (int layer : layers) {
            if (granularity > 1 && !to.routerHasRows(layer, finer.experts())) {
                throw new InputException("granularity is " + granularity + ", but " + Layers.withRouter(layer, finer) + ", which has no row for each expert that parts of a copy could share");
            }
            DenseToExperts copies = new DenseToExperts(on, layer, granularity);
            for (int e = 0; e < router.experts(); e++) {
                copies.fill(from, to, e);
            }
            shareRows(to, Layers.prefix(layer) + "router.");
            for (String name : to.names(Layers.prefix(layer) + "experts.")) {
                to.addNoise(to.get(name), noise, CounterRandom.of(seed, "upcycling " + name));
            }
        }
        return mixture;
    }

    /** The parts of one copy take the router row of the first of them. */
    private void shareRows(Weights weights, String router) {
        for (String name : weights.names(router)) {
            Tensor rows = weights.get(name);
            for (int e = 0; granularity > 1 && e < rows.shape().dim(0); e++) {
                weights.copyRow(rows, e - e % granularity, rows, e);
            }
        }
    }
}
