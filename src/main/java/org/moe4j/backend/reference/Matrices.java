package org.moe4j.backend.reference;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Matrix products: three nested loops. */
final class Matrices {
    private Matrices() {}

    static void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {
        for (long i = 0; i < m; i++) {
            for (long j = 0; j < n; j++) {
                double sum = 0;
                for (long l = 0; l < k; l++) {
                    sum += a.get(transposeA ? l * m + i : i * k + l) * b.get(transposeB ? j * k + l : l * n + j);
                }
                c.set(i * n + j, add ? c.get(i * n + j) + sum : sum);
            }
        }
    }

    static void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {
        for (int e = 0; e + 1 < starts.length(); e++) {
            long first = starts.get(e);
            int rows = starts.get(e + 1) - starts.get(e);
            gemm(false, transposeW, rows, n, k, x.slice(first * k, (long) rows * k), w.slice((long) e * k * n, (long) k * n),
                    y.slice(first * n, (long) rows * n), add);
        }
    }

    static void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {
        for (int e = 0; e + 1 < starts.length(); e++) {
            long first = starts.get(e);
            int rows = starts.get(e + 1) - starts.get(e);
            gemm(true, false, m, n, rows, a.slice(first * m, (long) rows * m), b.slice(first * n, (long) rows * n),
                    dw.slice((long) e * m * n, (long) m * n), add);
        }
    }
}
