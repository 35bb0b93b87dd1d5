package org.moe4j.experts;

import java.util.Map;

import org.moe4j.nn.Init;

/**
 * A feed-forward layer as a value: buildable at any width, countable without building. Implemented by a record {@code Spec} inside the
 * layer's file, with a constructor without arguments as {@link RouterSpec} says.
 */
public interface FeedForwardSpec {
    FeedForward build(int dim, Init init);

    /** All trained parameters at model width D = {@code dim}, shared ones included. */
    long parameters(int dim);

    /**
     * Those it has in common with every layer of a model that names them alike, by that name, which is the name's of
     * {@link Init#shared}. Unless said otherwise there are none.
     */
    default Map<String, Long> sharedParameters(int dim) {
        return Map.of();
    }

    /** Those that one token uses. */
    long activeParameters(int dim);

    /** FLOPs of a batch, forward. */
    long flops(int dim, int tokens);

    /** The same layer, narrower and with fewer experts. */
    FeedForwardSpec resized(Resize by);
}
