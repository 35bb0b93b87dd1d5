package org.moe4j.surgery;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;

/** The layers of a model that have a group of experts for each domain. */
final class DomainLayers {
    private DomainLayers() {}

    /** By their number, the routers of all of them. */
    static Map<Integer, RandomRouter.Spec> routers(Transformer.Spec spec) {
        Map<Integer, RandomRouter.Spec> routers = new LinkedHashMap<>();
        List<FeedForwardSpec> layers = spec.feedForwards();
        for (int layer = 0; layer < layers.size(); layer++) {
            if (layers.get(layer) instanceof MixtureOfExperts.Spec mixture && mixture.router() instanceof RandomRouter.Spec router) {
                routers.put(layer, router);
            }
        }
        if (routers.isEmpty()) {
            throw new InputException("the model has no layer with a random router, and so no group of experts for a domain");
        }
        return routers;
    }

    /** The spec with other groups in these layers. */
    static Transformer.Spec with(Transformer.Spec spec, UnaryOperator<List<Integer>> groups) {
        Map<Integer, MixtureOfExperts.Spec> others = new LinkedHashMap<>();
        routers(spec).forEach((layer, router) -> {
            MixtureOfExperts.Spec mixture = (MixtureOfExperts.Spec) spec.feedForwards().get(layer);
            others.put(layer, new MixtureOfExperts.Spec(new RandomRouter.Spec(groups.apply(router.groups())), mixture.experts(), mixture.shared(), mixture.outputNorm()));
        });
        return Layers.with(spec, others);
    }

    static void checkDomain(int domain, Map<Integer, RandomRouter.Spec> routers) {
        routers.forEach((layer, router) -> {
            int groups = router.groups().size();
            if (domain < 0 || domain >= groups) {
                throw new InputException("domain is " + domain + ", layer " + layer + " has experts for domains 0 to " + (groups - 1));
            }
        });
    }

    /** The parameter that keeps the keys of a layer's maps. */
    static String map(int layer) {
        return Layers.prefix(layer) + "router.map";
    }

    static String bank(int layer) {
        return Layers.prefix(layer) + "experts.";
    }
}
