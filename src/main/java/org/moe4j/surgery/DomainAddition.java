package org.moe4j.surgery;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.moe4j.backend.Backend;
import org.moe4j.experts.RandomRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Tensor;

/**
 * Adds a domain to a model with random routed experts (Ren et al. 2023, PanGu-Sigma): a group of new experts in each of its random routed
 * layers, for the next domain number. The other domains keep their experts and their maps; while {@link #trained} alone is trained, their
 * results stay the same to the last bit.
 *
 * <pre>{@code
 * DomainAddition code = DomainAddition.like(1);                       // starts as what domain 1 has learned
 * LanguageModel larger = code.apply(on, model);
 * TrainingSpec training = TrainingSpec.of(16, 1000, 1e-3).withTrained(code.trained(larger).toArray(String[]::new));
 * }</pre>
 *
 * @param experts new ones in each layer; 0 for as many as the domain has that they are copies of
 * @param like the domain whose experts the new ones begin as copies of, in turn; -1 if they begin as new ones do. With as many experts
 *     as that domain has, the map is the same too, and the new domain begins as the same function
 * @param seed of new experts and maps
 */
public record DomainAddition(int experts, int like, long seed) {
    private static final int NONE = -1;

    public DomainAddition {
        if (like < NONE) {
            throw new InputException("like is " + like + ", want the number of a domain, or -1 for none");
        }
        if (experts < 0 || experts == 0 && like == NONE) {
            throw new InputException("experts is " + experts + ", a new domain wants at least one new expert");
        }
    }

    /** New experts, drawn by the seed. */
    public static DomainAddition of(int experts, long seed) {
        return new DomainAddition(experts, NONE, seed);
    }

    /** The same experts and maps as another domain. */
    public static DomainAddition like(int domain) {
        return new DomainAddition(0, domain, 0);
    }

    /**
     * Makes the larger model.
     *
     * @throws InputException if the model has no random routers, or not the domain to copy
     */
    public LanguageModel apply(Backend on, LanguageModel model) {
        Transformer.Spec spec = Layers.transformer(model);
        Map<Integer, RandomRouter.Spec> routers = DomainLayers.routers(spec);
        if (like != NONE) {
            DomainLayers.checkDomain(like, routers);
        }
        LanguageModel larger = DomainLayers.with(spec, groups -> Stream.concat(groups.stream(), Stream.of(added(groups))).toList())
            .build(new Init(on, seed).withTemporaryStores());
        Weights from = new Weights(on, model);
        Weights to = new Weights(on, larger);
        to.copyAllBut(routers.keySet(), from);
        routers.forEach((layer, router) -> {
            for (String name : to.names(Layers.prefix(layer))) {
                Tensor before = from.get(name);
                Tensor after = to.get(name);
                int old = before.shape().dim(0);
                to.copy(before, after.rows(0, old));
                if (like != NONE && name.startsWith(DomainLayers.bank(layer))) {
                    for (int e = 0; e < added(router.groups()); e++) {
                        to.copyRow(before, router.firsts()[like] + e % router.groups().get(like), after, old + e);
                    }
                } else if (like != NONE && name.equals(DomainLayers.map(layer)) && added(router.groups()) == router.groups().get(like)) {
                    to.copyRow(before, like, after, old);
                }
            }
        });
        return larger;
    }

    private int added(List<Integer> groups) {
        return experts == 0 ? groups.get(like) : experts;
    }

    /** The number of the domain that {@link #apply} added. */
    public int domain(LanguageModel larger) {
        return DomainLayers.routers(Layers.transformer(larger)).values().iterator().next().groups().size() - 1;
    }

    /**
     * The parameters that {@link #apply} added to a model, as a training spec names them. Of a bank in tables it is the whole bank: there the
     * experts that no token reaches stay as they are, so those of other domains do as long as the training text is of the new one alone.
     */
    public List<String> trained(LanguageModel larger) {
        return DomainLayers.routers(Layers.transformer(larger)).entrySet().stream().map(layer -> {
            List<Integer> groups = layer.getValue().groups();
            String bank = DomainLayers.bank(layer.getKey());
            boolean tables = larger.parameters().stream().anyMatch(p -> p.isTable() && p.name().startsWith(bank));
            return Layers.prefix(layer.getKey()) + "experts" + (tables ? "" : "[" + layer.getValue().firsts()[groups.size() - 1] + "..]");
        }).toList();
    }
}
