package org.moe4j.model;

import org.moe4j.io.InputException;

/**
 * What a published architecture is cut down to, so that it trains on a small machine; see {@link ModelSpec#resized(Size)}.
 *
 * @param vocabulary V
 * @param sequence T, the longest sequence it is trained on
 * @param dim D, the model width
 * @param layers blocks
 * @param experts the most experts a bank keeps
 */
public record Size(int vocabulary, int sequence, int dim, int layers, int experts) {
    public Size {
        atLeast("vocabulary", vocabulary, 2);
        atLeast("sequence", sequence, 2);
        atLeast("dim", dim, 4);
        atLeast("layers", layers, 1);
        atLeast("experts", experts, 1);
        if (dim % 4 != 0) {
            throw new InputException("dim is " + dim + ", a resized model wants a multiple of 4; " + (dim + 4 - dim % 4) + " would do");
        }
    }

    private static void atLeast(String field, int value, int least) {
        if (value < least) {
            throw new InputException(field + " is " + value + ", it has to be at least " + least);
        }
    }
}
