package org.moe4j.experts;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parameters that a feed-forward layer has in common with every layer of its model that names them alike: a ledger counts them once,
 * apart from the layers.
 *
 * @param name theirs, as for {@link org.moe4j.nn.Init#shared}
 * @param parameters how many
 * @param halfParameters how many of them are stored as bfloat16
 * @param active how many of them one token uses in this layer
 */
public record SharedParameters(String name, long parameters, long halfParameters, long active) {
    /** What these layers share, each name once; a token may use other parameters in every layer. */
    public static List<SharedParameters> of(List<FeedForwardSpec> layers, int dim) {
        Map<String, SharedParameters> all = new LinkedHashMap<>();
        layers.stream().flatMap(layer -> layer.sharedParameters(dim).stream())
            .forEach(s -> all.merge(s.name, s, (a, b) -> new SharedParameters(a.name, a.parameters, a.halfParameters, Math.min(a.parameters, a.active + b.active))));
        return new ArrayList<>(all.values());
    }

    /** A layer's own parameters: all but the shared ones. */
    public static long own(FeedForwardSpec layer, int dim) {
        return layer.parameters(dim) - layer.sharedParameters(dim).stream().mapToLong(SharedParameters::parameters).sum();
    }

    /** Those stored as bfloat16 of {@link #own}. */
    public static long ownHalf(FeedForwardSpec layer, int dim) {
        return layer.halfParameters(dim) - layer.sharedParameters(dim).stream().mapToLong(SharedParameters::halfParameters).sum();
    }

    /** Those that one token uses of {@link #own}. */
    public static long ownActive(FeedForwardSpec layer, int dim) {
        return layer.activeParameters(dim) - layer.sharedParameters(dim).stream().mapToLong(SharedParameters::active).sum();
    }
}
