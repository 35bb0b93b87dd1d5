package org.moe4j.backend;

/**
 * The extents of an attention: B sequences of Tq queries over Tk keys, H query heads sharing KV key/value heads of width Dh; and how a
 * query's score of a key comes from their dot product: {@code scale q·k}, bent by {@code softCap tanh(. / softCap)} if there is a cap.
 *
 * @param scale what the dot products are multiplied by, 1/sqrt(Dh) as a rule
 * @param causal whether a query sees the keys up to its own position only; else it sees all
 * @param softCap the bound that no score passes (Grok-1 has 30), 0 for none
 */
public record AttentionShape(int batch, int queries, int keys, int heads, int keyHeads, int headDim, double scale, boolean causal, double softCap) {
    public AttentionShape {
        if (keyHeads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("attention: " + heads + " query heads cannot share " + keyHeads + " key/value heads evenly");
        }
        if (causal && queries != keys) {
            throw new IllegalArgumentException("attention: causal wants as many keys as queries, not " + keys + " for " + queries);
        }
    }

    /** Causal self-attention without a cap. */
    public AttentionShape(int batch, int time, int heads, int keyHeads, int headDim, double scale) {
        this(batch, time, time, heads, keyHeads, headDim, scale, true, 0);
    }

    /** How many keys the query at position t sees: the first so many. */
    public int visible(int t) {
        return causal ? t + 1 : keys;
    }

    /** Pairs of a query and a key that it sees, in one head of one sequence. */
    public long pairs() {
        return causal ? (long) queries * (queries + 1) / 2 : (long) queries * keys;
    }

    /** The number of different distances from a query to a key that it sees: the columns of a bias by distance. */
    public int distances() {
        return causal ? queries : Math.max(0, queries + keys - 1);
    }

    /** The column of the distance from the query at position t to the key at position 0; that of key s is s columns on. */
    public int firstDistance(int t) {
        return queries - 1 - t;
    }
}
