package org.moe4j.backend.simd;

/**
 * The part of a matrix that is wanted: of row i the columns {@code from + i · steps} to {@code to + i · steps}, which lie within 0 and {@code most}. It is
 * what a causal mask leaves of a tile of scores; the register tiles do no more of it than their rows share.
 *
 * @param fromSteps 1 where the beginning moves by a column from row to row, else 0
 * @param toSteps the same of the end
 */
record Band(int from, int fromSteps, int to, int toSteps, int most) {
    /** All columns. */
    static Band whole(int columns) {
        return new Band(0, 0, columns, 0, columns);
    }

    /** The first one of row i. */
    int from(int i) {
        return Math.clamp(from + (long) i * fromSteps, 0, most);
    }

    /** The one behind the last of row i. */
    int to(int i) {
        return Math.clamp(to + (long) i * toSteps, 0, most);
    }
}
