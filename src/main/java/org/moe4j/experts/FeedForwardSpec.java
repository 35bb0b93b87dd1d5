package org.moe4j.experts;

import java.util.List;

import org.moe4j.nn.Init;

/**
 * A feed-forward layer as a value: buildable at any width, countable without building. Implemented by a record {@code Spec} inside the
 * layer's file, with a constructor without arguments as {@link RouterSpec} says.
 */
public interface FeedForwardSpec {
    FeedForward build(int dim, Init init);

    /** All trained parameters at model width D = {@code dim}, shared ones included. */
    long parameters(int dim);

    /** Those it may have in common with other layers, one entry a name; unless said otherwise there are none. */
    default List<SharedParameters> sharedParameters(int dim) {
        return List.of();
    }

    /** Those of {@link #parameters} that are stored as bfloat16, shared ones included; unless said otherwise none. */
    default long halfParameters(int dim) {
        return 0;
    }

    /** Those that one token uses. */
    long activeParameters(int dim);

    /** FLOPs of a batch, forward. */
    long flops(int dim, int tokens);

    /** The same layer, narrower and with fewer experts. */
    FeedForwardSpec resized(Resize by);
}
