package org.moe4j.surgery;

import java.util.List;
import java.util.Map;
import org.moe4j.backend.Backend;
import org.moe4j.experts.RandomRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Tensor;

/**
 * One domain's part of a model with random routed experts (Ren et al. 2023, PanGu-Sigma): the layers that all domains share and the domain's own
 * experts, as a model of one domain, number 0. On sequences of the domain its results are those of the whole model to the last bit.
 *
 * <pre>{@code
 * LanguageModel whole = SavedModel.load(on, new Checkpoint(Path.of("pangu")));
 * LanguageModel english = new DomainExtraction(1).apply(on, whole);
 * SavedModel.save(on, english, new Checkpoint(Path.of("pangu-english")), Map.of());
 * }</pre>
 *
 * @param domain its number in the whole model
 */
public record DomainExtraction(int domain) {
    /**
     * Makes the smaller model.
     *
     * @throws InputException if the model has no random routers, or no such domain
     */
    public LanguageModel apply(Backend on, LanguageModel model) {
        Transformer.Spec spec = Layers.transformer(model);
        Map<Integer, RandomRouter.Spec> routers = DomainLayers.routers(spec);
        DomainLayers.checkDomain(domain, routers);
        LanguageModel part = DomainLayers.with(spec, groups -> List.of(groups.get(domain))).build(new Init(on, 0).withTemporaryStores());
        Weights from = new Weights(on, model);
        Weights to = new Weights(on, part);
        to.copyAllBut(routers.keySet(), from);
        routers.forEach((layer, router) -> {
            for (String name : to.names(Layers.prefix(layer))) {
                Tensor before = from.get(name);
                int first = name.equals(DomainLayers.map(layer)) ? domain : name.startsWith(DomainLayers.bank(layer)) ? router.firsts()[domain] : 0;
                to.copy(before.rows(first, first + to.get(name).shape().dim(0)), to.get(name));
            }
        });
        return part;
    }
}
