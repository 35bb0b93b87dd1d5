package org.moe4j.backend.simd;

import java.util.Arrays;

/**
 * The right operand B of several products, (k,n), packed once: panels of {@link Tiles#PANEL} columns, {@link Tiles#DEPTH} rows of B at a time.
 * A product may use its first rows and columns only, as attention does with the keys that a query sees.
 */
final class PackedRight {
    private float[] panels = new float[0];
    private int k;
    private int n;

    /** B, or its transpose where {@code tb}: then (n,k) lies at {@code bo}. */
    void pack(boolean tb, int k, int n, float[] b, int bo, int ldb) {
        this.k = k;
        this.n = n;
        int size = k * Sgemm.blocks(n, Tiles.PANEL) * Tiles.PANEL;
        if (panels.length < size) panels = new float[size];
        for (int p = 0; p < k; p += Tiles.DEPTH) {
            int depth = Math.min(Tiles.DEPTH, k - p);
            for (int j = 0; j < n; j += Tiles.PANEL) {
                int w = Math.min(Tiles.PANEL, n - j);
                if (tb) Pack.transpose(w, depth, b, bo + j * ldb + p, ldb, panels, at(p, j), Tiles.PANEL);
                else Pack.panel(depth, w, b, bo + p * ldb + j, ldb, panels, at(p, j));
            }
        }
    }

    /**
     * C (m,n) = or += A B in the calling thread, with A (m,k) and the first k rows and n columns of B.
     *
     * @param readable whether A lies as the register tiles want it, rows {@link Tiles#ROW} apart and memory for 6 more after them; else it is copied
     */
    void multiply(int m, int n, int k, float[] a, int ao, int lda, boolean readable, float[] c, int co, int ldc, boolean add) {
        if (k == 0 && !add) {
            for (int i = 0; i < m; i++) Arrays.fill(c, co + i * ldc, co + i * ldc + n, 0);
        }
        for (int p = 0; p < k; p += Tiles.DEPTH) {
            int depth = Math.min(Tiles.DEPTH, k - p);
            float[] rows = readable ? a : Scratch.mine().left((m + 6) * Tiles.ROW);
            if (!readable) Pack.copy(m, depth, a, ao + p, lda, rows, 0, Tiles.ROW);
            for (int j = 0; j < n; j += Tiles.PANEL) {
                boolean adds = add || p > 0;
                Sgemm.panel(0, m, Math.min(Tiles.PANEL, n - j), depth, rows, readable ? ao + p : 0, panels, at(p, j),
                        adds ? c : Tiles.ZEROS, adds ? co + j : 0, adds ? ldc : 0, c, co + j, ldc);
            }
        }
    }

    private int at(int p, int j) {
        return p * Sgemm.blocks(n, Tiles.PANEL) * Tiles.PANEL + j * Math.min(Tiles.DEPTH, k - p);
    }
}
