package org.moe4j.surgery;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.moe4j.backend.Backend;
import org.moe4j.experts.GrownRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Tensor;

/**
 * Adds experts to every mixture layer of a trained model, for a new domain or a new kind of input. Old experts and old router rows come
 * first and as they were; to train the new alone, hand {@link #trained} to the training spec.
 *
 * <p>For a domain ({@code domain} > 0) the router, a top-k one, becomes a {@link GrownRouter}: sequences of lower domain numbers cannot reach the new experts, and
 * the function on them stays the same, to the last bit, also after the new experts were trained. For every input ({@code domain} 0) all experts compete,
 * by any router that has a row for each (noisy, with capacity, expert choice too): new rows begin at zero, so that tokens with K positive logits
 * choose as before, and the others choose new experts. That is near the function before and not the same; training moves it.
 *
 * @param experts how many to add to each mixture layer
 * @param domain the number of the first domain that may use them; 0 for all
 * @param copied whether new experts begin as copies of the old ones in turn, rather than as new ones do
 * @param noise added to copies, as in {@link Upcycling}
 * @param seed of the new router rows, new experts and noise
 */
public record Growth(int experts, int domain, boolean copied, double noise, long seed) {
    public Growth {
        if (experts < 1) {
            throw new InputException("experts is " + experts + ", growing wants at least one new expert");
        }
        if (domain < 0) {
            throw new InputException("domain is " + domain + ", want the number of a new domain, or 0 for every input");
        }
        if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
            throw new InputException("noise is " + noise + ", want a finite number of at least 0");
        }
    }

    /**
     * Makes the larger model.
     *
     * @throws InputException if it has no mixture layer, or one whose router cannot grow
     */
    public LanguageModel apply(Backend on, LanguageModel model) {
        Transformer.Spec spec = Layers.transformer(model);
        Weights from = new Weights(on, model);
        Map<Integer, MixtureOfExperts.Spec> larger = new LinkedHashMap<>();
        for (int layer : mixtures(spec)) {
            MixtureOfExperts.Spec mixture = Layers.require(spec, layer, MixtureOfExperts.Spec.class, "mixture");
            larger.put(layer, new MixtureOfExperts.Spec(grown(layer, mixture.router(), from.routerHasRows(layer, mixture.router().experts())), mixture.experts(), mixture.shared(), mixture.outputNorm()));
        }
        LanguageModel grown = Layers.with(spec, larger).build(new Init(on, seed).withTemporaryStores());
        Weights to = new Weights(on, grown);
        to.copyAllBut(larger.keySet(), from);
        for (int layer : larger.keySet()) {
            for (String name : to.names(Layers.prefix(layer))) {
                boolean bank = name.startsWith(Layers.prefix(layer) + "experts.");
                if (bank || name.startsWith(Layers.prefix(layer) + "router.")) {
                    extend(to, from.get(name), to.get(name), name, bank);
                } else {
                    to.copy(from.get(name), to.get(name));
                }
            }
        }
        return grown;
    }

    /** The parameters that {@link #apply} added to a model, as a training spec names them: the last rows of banks and routers. */
    public List<String> trained(LanguageModel grown) {
        Transformer.Spec spec = Layers.transformer(grown);
        List<String> names = new ArrayList<>();
        for (int layer : mixtures(spec)) {
            int old = Layers.require(spec, layer, MixtureOfExperts.Spec.class, "mixture").router().experts() - experts;
            names.add(Layers.prefix(layer) + "experts[" + old + "..]");
            names.add(Layers.prefix(layer) + "router[" + old + "..]");
        }
        return names;
    }

    private static List<Integer> mixtures(Transformer.Spec spec) {
        List<Integer> layers = IntStream.range(0, spec.feedForwards().size())
            .filter(i -> spec.feedForwards().get(i) instanceof MixtureOfExperts.Spec).boxed().toList();
        if (layers.isEmpty()) {
            throw new InputException("the model has no mixture layer to grow; upcycling makes mixtures of dense layers");
        }
        return layers;
    }

    /** @param rows whether all that the router has is a row for each expert */
    private RouterSpec grown(int layer, RouterSpec router, boolean rows) {
        return switch (router) {
            case TopKRouter.Spec first when domain > 0 -> new GrownRouter.Spec(first, List.of()).plus(experts, domain);
            case GrownRouter.Spec before when domain > 0 -> before.plus(experts, domain);
            case RandomRouter.Spec _ -> throw new InputException(Layers.withRouter(layer, router) + ", which does not grow so; an added domain has experts of its own");
            case RouterSpec any when domain == 0 && rows && !(any instanceof GrownRouter.Spec) ->
                any.withExperts(any.experts() + experts, (int) Math.round(any.perToken()));
            default -> throw new InputException(Layers.withRouter(layer, router) + ", which cannot grow"
                + (domain > 0 ? " for a domain; a top-k router can" : " for every input; one that has a row for each expert and has not grown for a domain can"));
        };
    }

    /** Old rows first, new ones behind. */
    private void extend(Weights weights, Tensor before, Tensor after, String name, boolean bank) {
        int old = before.shape().dim(0);
        weights.copy(before, after.rows(0, old));
        Tensor added = after.rows(old, old + experts);
        if (bank && copied) {
            for (int e = 0; e < experts; e++) {
                weights.copyRow(before, e % old, added, e);
            }
            weights.addNoise(added, noise, CounterRandom.of(seed, "growth " + name));
        } else if (!bank && domain == 0 && added.shape().rank() > 1) {             // thresholds begin as those of a new router
            weights.clear(added);
        }
    }
}
