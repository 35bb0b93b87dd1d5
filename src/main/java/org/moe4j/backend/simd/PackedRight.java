package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The right operand B of several products, (k,n), packed once: panels of {@link Tiles#PANEL} columns, {@link Tiles#DEPTH} rows of B at a time.
 * A product may use some of its rows and columns only, as attention does with the keys that a query sees.
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

    /** C (m,n) = A B in the calling thread, with A (m,k). */
    void product(int m, float[] a, int ao, int lda, float[] c, int co, int ldc) {
        InPlace left = n % Tiles.PANEL == 0 ? InPlace.of(lda, (long) m * n * k) : null;
        float[] rows = Scratch.mine().left((m + 6) * Tiles.ROW);
        for (int p = 0; p < k || p == 0; p += Tiles.DEPTH) { // once without any k: the tiles then write zeros
            int depth = Math.min(Tiles.DEPTH, k - p);
            if (left == null) Pack.copy(m, depth, a, ao + p, lda, rows, 0, Tiles.ROW);
            else left.pack(0, m, depth, a, ao + p, rows);
            for (int j = 0; j < n; j += Tiles.PANEL) {
                Sgemm.panel(left, 0, m, Math.min(Tiles.PANEL, n - j), depth, a, ao + p, rows, panels, at(p, j), Tiles.PANEL,
                        p > 0 ? c : Tiles.ZEROS, p > 0 ? co + j : 0, p > 0 ? ldc : 0, c, co + j, ldc);
            }
        }
    }

    /**
     * The columns of a band of C (m,·) = A B in the calling thread, with A (m,k) and column 0 of C and of the band at column {@code first} of B, a
     * multiple of the panel. Rows of C lie {@link Tiles#ROW} apart with memory for 6 more after them; what is written beside the band is anything.
     */
    void columns(int m, Band band, float[] a, int ao, int lda, int first, float[] c, int co) {
        float[] rows = Scratch.mine().left((m + 6) * Tiles.ROW);
        for (int p = 0; p < k || p == 0; p += Tiles.DEPTH) { // once without any k: the tiles then write zeros
            int depth = Math.min(Tiles.DEPTH, k - p);
            Pack.copy(m, depth, a, ao + p, lda, rows, 0, Tiles.ROW);
            for (int j = 0; j < band.most(); j += Tiles.PANEL) {
                for (int i = 0, h; i < m; i += h) {
                    h = Sgemm.tileRows(m - i, Tiles.PANEL);
                    int to = Math.min(Tiles.PANEL, band.to(Math.min(m, i + h) - 1) - j);
                    int from = h == 6 ? Math.max(0, band.from(i) - j) / L * L : 0; // tiles of 4 rows are always as wide as the panel
                    if (from >= to) continue;
                    int corner = co + i * Tiles.ROW + j + from;
                    Tiles.of(h, h == 6 ? Sgemm.blocks(to - from, L) : Tiles.ACROSS).multiply(depth, rows, i * Tiles.ROW,
                            panels, at(p, first + j) + from, Tiles.PANEL, p > 0 ? c : Tiles.ZEROS, p > 0 ? corner : 0, p > 0 ? Tiles.ROW : 0, c, corner, Tiles.ROW);
                }
            }
        }
    }

    /**
     * C (m,n) = or += A B[first ..] in the calling thread, where row i of A has nothing but zeros beside the band. A lies as the register tiles want it, rows
     * {@link Tiles#ROW} apart and memory for 6 more after them. The band is no wider than {@link Tiles#DEPTH} and doesn't pass a multiple of it in B.
     */
    void rows(int m, Band band, int first, float[] a, int ao, float[] c, int co, int ldc, boolean add) {
        int p = first / Tiles.DEPTH * Tiles.DEPTH;
        for (int j = 0; j < n; j += Tiles.PANEL) {
            int w = Math.min(Tiles.PANEL, n - j);
            for (int i = 0, h; i < m; i += h) {
                h = Sgemm.tileRows(m - i, w);
                int rows = Math.min(h, m - i);
                int from = band.from(i);
                int count = Math.max(0, band.to(i + rows - 1) - from);
                if (count == 0 && add) continue;
                int corner = co + i * ldc + j;
                Sgemm.tile(h, rows, w, count, a, ao + i * Tiles.ROW + from, panels, at(p, j) + (first + from - p) * Tiles.PANEL, Tiles.PANEL,
                        add ? c : Tiles.ZEROS, add ? corner : 0, add ? ldc : 0, c, corner, ldc);
            }
        }
    }

    private int at(int p, int j) {
        return p * Sgemm.blocks(n, Tiles.PANEL) * Tiles.PANEL + j * Math.min(Tiles.DEPTH, k - p);
    }
}
