package org.moe4j.backend;

/**
 * The extents of an attention: B sequences of T positions, H query heads sharing KV key/value heads of width Dh.
 *
 * @param scale what the dot products are multiplied by, 1/sqrt(Dh) as a rule
 */
public record AttentionShape(int batch, int time, int heads, int keyHeads, int headDim, double scale) {
    public AttentionShape {
        if (keyHeads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("attention: " + heads + " query heads cannot share " + keyHeads + " key/value heads evenly");
        }
    }
}
