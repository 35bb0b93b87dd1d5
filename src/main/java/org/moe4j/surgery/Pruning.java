package org.moe4j.surgery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.moe4j.backend.Backend;
import org.moe4j.experts.GrownRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Tensor;

/**
 * Removes experts that are hardly used, and their rows of the router. Routers that choose for each token the largest logits, and whose gates
 * are those of the chosen divided by their sum, compute the same function as before wherever no removed expert was chosen. Without that
 * division (OLMoE, Switch) the gates grow by what the removed had of the softmax.
 *
 * <p>A layer keeps at least as many experts as a token takes: the busiest.
 *
 * @param leastShare an expert is removed if its share of a layer's (token, expert) pairs is below this; at 0 if it has none
 */
public record Pruning(double leastShare) {
    public Pruning {
        if (!(leastShare >= 0 && leastShare < 1)) {
            throw new InputException("leastShare is " + leastShare + ", want a share of at least 0 and below 1");
        }
    }

    /**
     * Makes the smaller model.
     *
     * @param loads measured on the data that matters, one for each mixture layer, as {@link org.moe4j.train.Evaluation} has them
     * @throws InputException if the loads are of another model, or a router's experts cannot be removed one by one
     */
    public LanguageModel apply(Backend on, LanguageModel model, List<RoutingStatistics> loads) {
        Transformer.Spec spec = Layers.transformer(model);
        List<Integer> layers = IntStream.range(0, spec.feedForwards().size())
            .filter(i -> spec.feedForwards().get(i) instanceof MixtureOfExperts.Spec).boxed().toList();
        if (loads.size() != layers.size()) {
            throw new InputException("the loads are of " + loads.size() + " mixture layers, the model has " + layers.size());
        }
        Weights from = new Weights(on, model);
        Map<Integer, int[]> kept = new LinkedHashMap<>();
        Map<Integer, MixtureOfExperts.Spec> smaller = new LinkedHashMap<>();
        for (int i = 0; i < layers.size(); i++) {
            int layer = layers.get(i);
            MixtureOfExperts.Spec mixture = Layers.require(spec, layer, MixtureOfExperts.Spec.class, "mixture");
            kept.put(layer, kept(layer, mixture, loads.get(i)));
            if (!from.routerHasRows(layer, mixture.router().experts())) {
                throw new InputException(Layers.withRouter(layer, mixture.router()) + ", which has no row for each expert, so that none can be removed");
            }
            RouterSpec router = mixture.router() instanceof GrownRouter.Spec grown ? grown.keeping(kept.get(layer))
                : mixture.router().withExperts(kept.get(layer).length, (int) Math.round(mixture.router().perToken()));
            smaller.put(layer, new MixtureOfExperts.Spec(router, mixture.experts(), mixture.shared(), mixture.outputNorm()));
        }
        LanguageModel pruned = Layers.with(spec, smaller).build(new Init(on, 0).withTemporaryStores());
        Weights to = new Weights(on, pruned);
        to.copyAllBut(layers, from);
        kept.forEach((layer, experts) -> keep(from, to, layer, experts));
        return pruned;
    }

    private int[] kept(int layer, MixtureOfExperts.Spec mixture, RoutingStatistics loads) {
        if (loads.experts() != mixture.router().experts()) {
            throw new InputException("the loads of layer " + layer + " are of " + loads.experts() + " experts, it has " + mixture.router().experts());
        }
        long[] load = loads.load();
        double least = Math.max(Double.MIN_VALUE, leastShare * Arrays.stream(load).sum());
        List<Integer> busiestFirst = new ArrayList<>(IntStream.range(0, load.length).boxed().toList());
        busiestFirst.sort(Comparator.comparingLong(e -> -load[e]));
        int perToken = (int) Math.ceil(mixture.router().perToken());
        return IntStream.range(0, load.length).filter(i -> i < perToken || load[busiestFirst.get(i)] >= least).map(busiestFirst::get).sorted().toArray();
    }

    private static void keep(Weights from, Weights to, int layer, int[] experts) {
        for (String name : to.names(Layers.prefix(layer))) {
            Tensor before = from.get(name);
            Tensor after = to.get(name);
            boolean stacked = name.startsWith(Layers.prefix(layer) + "experts.") || name.startsWith(Layers.prefix(layer) + "router.");
            if (!stacked) {
                to.copy(before, after);
            } else {
                for (int row = 0; row < experts.length; row++) {
                    to.copyRow(before, experts[row], after, row);
                }
            }
        }
    }
}
