package org.moe4j.experts;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Counts the parameters of a model's feed-forward layers: what several of them share is counted with the first. */
public final class ParameterCount {
    private final int dim;
    private final Set<String> counted = new HashSet<>();

    /** @param dim D, the model width */
    public ParameterCount(int dim) {
        this.dim = dim;
    }

    /** The parameters that the next layer adds to those before it. */
    public long add(FeedForwardSpec layer) {
        long known = layer.sharedParameters(dim).entrySet().stream().filter(e -> !counted.add(e.getKey())).mapToLong(Map.Entry::getValue).sum();
        return layer.parameters(dim) - known;
    }

    /** The parameters that the next layers add, one after the other. */
    public long add(List<FeedForwardSpec> layers) {
        return layers.stream().mapToLong(this::add).sum();
    }
}
