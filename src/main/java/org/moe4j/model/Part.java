package org.moe4j.model;

import java.util.EnumSet;
import java.util.Set;

/**
 * One line of a model's ledger.
 *
 * @param block the number of the block it is in; -1 outside of blocks
 * @param name what it is, such as "attention"
 * @param parameters all trained parameters
 * @param active those that one token uses
 * @param flops of a batch, forward; products only, as {@link org.moe4j.autodiff.Cost} counts
 */
public record Part(int block, String name, Kind kind, long parameters, long active, long flops) {
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
        FEED_FORWARD;

        /** All of them. */
        public static final Set<Kind> ALL = Set.copyOf(EnumSet.allOf(Kind.class));
        public static final Set<Kind> EMBEDDINGS = Set.of(INPUT_EMBEDDING, OUTPUT_EMBEDDING, TIED_EMBEDDING);
    }

    /** A part all of whose parameters every token uses. */
    public static Part dense(int block, String name, Kind kind, long parameters, long flops) {
        return new Part(block, name, kind, parameters, parameters, flops);
    }
}
