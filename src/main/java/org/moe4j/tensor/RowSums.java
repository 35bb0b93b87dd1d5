package org.moe4j.tensor;

/**
 * Rows that have not been added up: row u (U,width) is the sum, over the places p of row u in {@code index}, of
 * coefficients[p] source[p / perRow]. The gradient of a table from which each token reads perRow rows is of this form, and is smaller than
 * its rows by about that factor.
 *
 * @param coefficients one for each place, or null for all 1
 * @param source (places / perRow, width)
 */
public record RowSums(RowIndex index, Storage coefficients, Storage source, int perRow, int width) {
    /** The number of values in all rows. */
    public long size() {
        return (long) index.count() * width;
    }
}
