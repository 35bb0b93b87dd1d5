package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;

/** Whole rows of a table, picked by number. */
final class Rows {
    private Rows() {}

    static void gather(Storage table, int width, IntStorage rows, Storage y) {
        for (int i = 0; i < rows.length(); i++) {
            for (int d = 0; d < width; d++) {
                y.set((long) i * width + d, rows.get(i) < 0 ? 0 : table.get((long) rows.get(i) * width + d));
            }
        }
    }

    static void scatterAdd(Storage x, int width, IntStorage rows, Storage table) {
        for (int i = 0; i < rows.length(); i++) {
            for (int d = 0; d < width && rows.get(i) >= 0; d++) {
                add(table, (long) rows.get(i) * width + d, x.get((long) i * width + d));
            }
        }
    }

    static void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add) {
        for (int p = 0; p < ids.length(); p++) {
            double sum = 0;
            for (int d = 0; d < width && ids.get(p) >= 0; d++) {
                sum += x.get((long) (p / perRow) * width + d) * table.get((long) ids.get(p) * width + d);
            }
            s.set(p, add ? s.get(p) + sum : sum);
        }
    }

    static void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add) {
        for (long at = 0; at < y.size(); at++) {
            int t = (int) (at / width);
            double sum = 0;
            for (int p = t * perRow; p < (t + 1) * perRow; p++) {
                if (ids.get(p) >= 0) {
                    sum += (weights == null ? 1 : weights.get(p)) * table.get((long) ids.get(p) * width + at % width);
                }
            }
            y.set(at, add ? y.get(at) + sum : sum);
        }
    }

    static void gradient(RowSums sums, Storage grad) {
        RowIndex index = sums.index();
        int width = sums.width();
        for (int u = 0; u < index.count(); u++) {
            for (int i = index.starts().get(u); i < index.starts().get(u + 1); i++) {
                int p = index.order().get(i);
                double coefficient = sums.coefficients() == null ? 1 : sums.coefficients().get(p);
                for (int d = 0; d < width; d++) {
                    add(grad, (long) u * width + d, coefficient * sums.source().get((long) (p / sums.perRow()) * width + d));
                }
            }
        }
    }
}
