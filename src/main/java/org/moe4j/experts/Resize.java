package org.moe4j.experts;

/**
 * How the layers of a published architecture shrink to a size that trains on a small machine: the same kinds of parts, narrower
 * and fewer.
 *
 * @param width what hidden widths are multiplied by
 * @param experts the most experts a bank keeps
 */
public record Resize(double width, int experts) {
    private static final int MULTIPLE = 4;

    /** A hidden width in proportion, in multiples of four where it is that large. */
    public int hidden(int hidden) {
        double wanted = hidden * width;
        return wanted < MULTIPLE ? (int) Math.max(1, Math.round(wanted)) : (int) Math.round(wanted / MULTIPLE) * MULTIPLE;
    }
}
