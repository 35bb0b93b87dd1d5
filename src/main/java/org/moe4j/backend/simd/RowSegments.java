package org.moe4j.backend.simd;

import java.util.Arrays;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.RowSums;

/** The sums of {@link RowSums}, row by row. A row's places are its segment of the index' order, in which they are added. */
final class RowSegments {
    private final HostInts rows;
    private final int[] starts;
    private final int[] order;
    private final int startsFrom;
    private final int orderFrom;
    private final float[] coefficients; // null for all 1
    private final int coefficientsFrom;
    private final float[] source;
    private final int sourceFrom;
    private final int perRow;
    private final int width;
    private final int count;

    RowSegments(RowSums sums) {
        rows = HostInts.of(sums.index().rows());
        HostInts starts = HostInts.of(sums.index().starts());
        HostInts order = HostInts.of(sums.index().order());
        FloatStorage coefficients = FloatStorage.of(sums.coefficients());
        FloatStorage source = FloatStorage.of(sums.source());
        this.starts = starts.array();
        this.order = order.array();
        startsFrom = starts.from();
        orderFrom = order.from();
        this.coefficients = coefficients == null ? null : coefficients.array();
        coefficientsFrom = coefficients == null ? 0 : coefficients.offset();
        this.source = source.array();
        sourceFrom = source.offset();
        perRow = sums.perRow();
        width = sums.width();
        count = sums.index().count();
    }

    int count() {
        return count;
    }

    int width() {
        return width;
    }

    /** The numbers of the rows in the table. */
    HostInts rows() {
        return rows;
    }

    /** Rows {@code from} to {@code to} in working memory of this thread, from 0 on; gone with the next. */
    float[] rows(int from, int to) {
        float[] rows = Scratch.mine().band((to - from) * width);
        for (int u = from; u < to; u++) row(u, rows, (u - from) * width, false);
        return rows;
    }

    double sumOfSquares(int u) {
        return Runs.sumOfSquares(rows(u, u + 1), 0, width);
    }

    /** grad[ig..] = or += row u. */
    void row(int u, float[] grad, int ig, boolean add) {
        int i = orderFrom + starts[startsFrom + u];
        int to = orderFrom + starts[startsFrom + u + 1];
        if (!add && i < to) { // most rows are touched once: their gradient is written, and not added to zeros
            Runs.product(coefficient(order[i]), source, sourceOf(order[i]), grad, ig, width);
            i++;
        } else if (!add) {
            Arrays.fill(grad, ig, ig + width, 0);
        }
        for (; i < to; i++) Runs.axpy(coefficient(order[i]), source, sourceOf(order[i]), grad, ig, width);
    }

    /** Row u in its row of a table of {@code length} values at {@code grad[ig..]}; unless it is added, the rows that nobody touches, from there to the next, become 0. */
    void tableRow(int u, float[] grad, int ig, int length, boolean add) {
        int at = ig + rows.get(u) * width;
        if (!add) {
            int next = u + 1 < count ? ig + rows.get(u + 1) * width : ig + length;
            Arrays.fill(grad, at + width, next, 0);
            if (u == 0) Arrays.fill(grad, ig, at, 0);
        }
        row(u, grad, at, add);
    }

    private float coefficient(int place) {
        return coefficients == null ? 1 : coefficients[coefficientsFrom + place];
    }

    private int sourceOf(int place) {
        return sourceFrom + place / perRow * width;
    }
}
