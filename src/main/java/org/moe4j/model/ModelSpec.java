package org.moe4j.model;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.io.InputException;

/**
 * A decoder-only transformer: pre-norm blocks (RMSNorm), causal grouped-query attention with rotary positions, and in each
 * block any feed-forward layer.
 *
 * @param vocabulary V, the number of tokens
 * @param dim D, the model width
 * @param heads H, query heads of width D / H
 * @param keyHeads key/value heads, shared by H / keyHeads query heads each
 * @param sequence the longest sequence it is trained on
 * @param rotaryBase the base of the rotary positions' wave lengths
 * @param tied whether the output head is the embedding transposed
 * @param blocks the feed-forward layer of each block, from the first to the last
 */
public record ModelSpec(int vocabulary, int dim, int heads, int keyHeads, int sequence, double rotaryBase, boolean tied,
                        List<FeedForwardSpec> blocks) {
    public ModelSpec {
        positive("vocabulary", vocabulary);
        positive("dim", dim);
        positive("heads", heads);
        positive("keyHeads", keyHeads);
        positive("sequence", sequence);
        blocks = List.copyOf(blocks);
        if (blocks.isEmpty()) {
            throw new InputException("blocks is empty; a model wants at least one block");
        }
        if (dim % heads != 0 || dim / heads % 2 != 0) {
            throw new InputException("heads is " + heads + ", which does not cut dim " + dim
                + " into heads of an even width; a divisor of " + dim / 2 + " would do");
        }
        if (heads % keyHeads != 0) {
            throw new InputException("keyHeads is " + keyHeads + ", which does not divide heads " + heads);
        }
        if (!(rotaryBase > 1)) {
            throw new InputException("rotaryBase is " + rotaryBase + ", it has to be above 1 (10000 is usual)");
        }
    }

    /** The same layer in every block. */
    public static List<FeedForwardSpec> everyBlock(int layers, FeedForwardSpec layer) {
        return Collections.nCopies(layers, layer);
    }

    /** {@code special} in the middle block, {@code other} in all others: the placement of PEER and PKM (block 6 of 12). */
    public static List<FeedForwardSpec> middleBlock(int layers, FeedForwardSpec special, FeedForwardSpec other) {
        return IntStream.range(0, layers).mapToObj(i -> i == layers / 2 ? special : other).toList();
    }

    /** {@code special} in every other block from the second on, {@code other} in between: the placement of GShard and GLaM. */
    public static List<FeedForwardSpec> everyOtherBlock(int layers, FeedForwardSpec special, FeedForwardSpec other) {
        return IntStream.range(0, layers).mapToObj(i -> i % 2 == 1 ? special : other).toList();
    }

    public int layers() {
        return blocks.size();
    }

    /** The width of one attention head. */
    public int headDim() {
        return dim / heads;
    }

    private static void positive(String field, int value) {
        if (value < 1) {
            throw new InputException(field + " is " + value + ", it has to be at least 1");
        }
    }
}
