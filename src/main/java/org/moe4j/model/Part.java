package org.moe4j.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SharedParameters;

/**
 * One line of a model's ledger.
 *
 * @param block the number of the block it is in; -1 outside of blocks
 * @param name what it is, such as "attention"
 * @param parameters all trained parameters
 * @param halfParameters those of them that are stored as bfloat16
 * @param active those that one token uses
 * @param flops of a batch, forward; products only, as {@link org.moe4j.autodiff.Cost} counts
 */
public record Part(int block, String name, Kind kind, long parameters, long halfParameters, long active, long flops) {
    /** Outside of the blocks. */
    public static final int OUTSIDE = -1;

    /** What published counts put in or leave out. */
    public enum Kind {
        INPUT_EMBEDDING,
        OUTPUT_EMBEDDING,
        /** One matrix for input and output. */
        TIED_EMBEDDING,
        NORM,
        /** Learned positions and position biases. */
        POSITION,
        ATTENTION,
        RECURRENT,
        /** What chooses the experts. */
        ROUTER,
        /** Experts, those for every token too, and dense layers. */
        FEED_FORWARD;

        /** All of them. */
        public static final Set<Kind> ALL = Set.copyOf(EnumSet.allOf(Kind.class));
        public static final Set<Kind> EMBEDDINGS = Set.of(INPUT_EMBEDDING, OUTPUT_EMBEDDING, TIED_EMBEDDING);
    }

    /** A part all of whose parameters every token uses. */
    public static Part dense(int block, String name, Kind kind, long parameters, long flops) {
        return new Part(block, name, kind, parameters, 0, parameters, flops);
    }

    /** A feed-forward layer, without what it shares with others; of a mixture first the router, then all else. */
    public static List<Part> feedForward(int block, FeedForwardSpec layer, int dim, int tokens) {
        Part whole = new Part(block, "feed-forward", Kind.FEED_FORWARD, SharedParameters.own(layer, dim), SharedParameters.ownHalf(layer, dim),
            SharedParameters.ownActive(layer, dim), layer.flops(dim, tokens));
        if (!(layer instanceof MixtureOfExperts.Spec mixture)) {
            return List.of(whole);
        }
        RouterSpec router = mixture.router();
        Part routing = new Part(block, "router", Kind.ROUTER, router.parameters(dim), 0, router.activeParameters(dim), router.flops(dim, tokens));
        Part experts = new Part(block, "experts", Kind.FEED_FORWARD, whole.parameters - routing.parameters, whole.halfParameters,
            whole.active - routing.active, whole.flops - routing.flops);
        return List.of(routing, experts);
    }

    /** What a model's feed-forward layers share, outside of the blocks; its FLOPs are counted with the layers. */
    public static List<Part> shared(List<FeedForwardSpec> layers, int dim) {
        return SharedParameters.of(layers, dim).stream()
            .map(s -> new Part(OUTSIDE, "shared " + s.name(), Kind.FEED_FORWARD, s.parameters(), s.halfParameters(), s.active(), 0)).toList();
    }
}
