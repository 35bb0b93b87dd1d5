package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import java.util.Arrays;

import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Single columns of each row, picked by number or by size. */
final class Columns {
    private Columns() {}

    static void gather(Storage x, int rows, int cols, IntStorage columns, int k, Storage y) {
        for (int p = 0; p < rows * k; p++) {
            y.set(p, columns.get(p) < 0 ? 0 : x.get((long) (p / k) * cols + columns.get(p)));
        }
    }

    static void scatterAdd(Storage y, int rows, int cols, IntStorage columns, int k, Storage x) {
        for (int p = 0; p < rows * k; p++) {
            if (columns.get(p) >= 0) {
                add(x, (long) (p / k) * cols + columns.get(p), y.get(p));
            }
        }
    }

    static void topK(Storage x, int rows, int cols, int k, Storage values, IntStorage columns) {
        HostInts at = HostInts.of(columns);
        for (int r = 0; r < rows; r++) {
            boolean[] taken = new boolean[cols];
            for (int j = 0; j < k; j++) {
                int best = -1;
                for (int c = 0; c < cols; c++) {
                    if (!taken[c] && (best < 0 || isAbove(x.get((long) r * cols + c), x.get((long) r * cols + best)))) {
                        best = c;
                    }
                }
                taken[best] = true;
                at.set(r * k + j, best);
                values.set((long) r * k + j, x.get((long) r * cols + best));
            }
        }
    }

    /** The best of each side, then the best of all their half·half sums. */
    static void productTopK(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids) {
        HostInts columnsA = HostInts.allocate(rows * half);
        HostInts columnsB = HostInts.allocate(rows * half);
        HostInts found = HostInts.of(ids);
        Storage bestA = Doubles.allocate((long) rows * half);
        Storage bestB = Doubles.allocate((long) rows * half);
        topK(a, rows, n, half, bestA, columnsA);
        topK(b, rows, n, half, bestB, columnsB);
        for (int r = 0; r < rows; r++) {
            record Pair(double sum, int id) {}
            Pair[] pairs = new Pair[half * half];
            for (int i = 0; i < half; i++) {
                for (int j = 0; j < half; j++) {
                    int atA = r * half + i;
                    int atB = r * half + j;
                    pairs[i * half + j] = new Pair(bestA.get(atA) + bestB.get(atB), columnsA.get(atA) * n + columnsB.get(atB));
                }
            }
            Arrays.sort(pairs, (p, q) -> isAbove(p.sum, q.sum) ? -1 : isAbove(q.sum, p.sum) ? 1 : Integer.compare(p.id, q.id));
            for (int j = 0; j < k; j++) {
                values.set((long) r * k + j, pairs[j].sum);
                found.set(r * k + j, pairs[j].id);
            }
        }
    }

    /** Whether a is the larger, with NaN below every number. */
    private static boolean isAbove(double a, double b) {
        return a > b || Double.isNaN(b) && !Double.isNaN(a);
    }
}
