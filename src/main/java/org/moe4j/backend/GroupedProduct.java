package org.moe4j.backend;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** One of several products of each expert over the same groups of rows, to be computed one after the other. */
public sealed interface GroupedProduct {
    /** By itself. */
    void run(Backend on, IntStorage starts);

    /** y (R,n) = x (R,k) · op(w[e]), finished as the epilogue says, or y += if {@code add}, without one. */
    record Rows(boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add, Epilogue after) implements GroupedProduct {
        /** @param after null for none */
        public Rows {
            if (add && after != null) {
                throw new IllegalArgumentException("a grouped product with an epilogue adds to nothing, got add=true and " + after);
            }
        }

        @Override
        public void run(Backend on, IntStorage starts) {
            if (after == null) {
                on.groupedGemm(starts, transposeW, n, k, x, w, y, add);
            } else {
                on.groupedGemm(starts, transposeW, n, k, x, w, y, after);
            }
        }
    }

    /** The gradient of weights: dw[e] (m,n) = or += a[rows of e]ᵀ · b[rows of e]. */
    record Weights(int m, int n, Storage a, Storage b, Storage dw, boolean add) implements GroupedProduct {
        @Override
        public void run(Backend on, IntStorage starts) {
            on.groupedGemmWeights(starts, m, n, a, b, dw, add);
        }
    }
}
