package org.moe4j.backend;

import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** Rows of a table that change, of a back end that has no kernels for these: by copies, and with the sums of a gradient written out. */
final class TableRows {
    private TableRows() {}

    /** Neighbouring rows of the table are copied together. */
    static void scatter(Backend on, Storage x, int width, HostInts rows, StochasticRounding rounding, Storage table) {
        for (int first = 0, next = 0; first < rows.length(); first = next) {
            do {
                next++;
            } while (next < rows.length() && rows.get(first) >= 0 && rows.get(next) == rows.get(next - 1) + 1);
            if (rows.get(first) < 0) {
                continue;
            }
            long place = (long) rows.get(first) * width;
            Storage values = x.slice((long) first * width, (long) (next - first) * width);
            Storage to = table.slice(place, values.size());
            if (rounding == null || table.type() == ValueType.NATIVE) {
                on.copy(values, to);
            } else {
                on.copyAtRandom(values, rounding, (int) place, to);
            }
        }
    }

    static void gradient(Backend on, RowSums sums, Storage grad, boolean add, Storage work) {
        if (sums.index().isCounted() && sums.size() == grad.size()) { // every row is touched
            on.rowGradient(sums, grad, add);
            return;
        }
        if (!add) {
            on.fill(grad, 0);
        }
        on.rowGradient(sums, work, false);
        on.scatterAddRows(work, sums.width(), sums.index().rows(), grad);
    }

    static double sumOfSquares(Backend on, RowSums sums) {
        return on.sumOfSquares(addedUp(on, sums));
    }

    static void adam(Backend on, AdamStep step, RowSums g, Storage p, Storage m, Storage v) {
        on.adamRows(step, g.index().rows(), g.width(), p, addedUp(on, g), m, v);
    }

    private static Storage addedUp(Backend on, RowSums sums) {
        Storage grad = on.allocate(sums.size());
        on.rowGradient(sums, grad, false);
        return grad;
    }
}
