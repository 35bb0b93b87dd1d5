package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The matrix product C = op(A) op(B) or C += op(A) op(B), row-major, with op(A) (m,k) and op(B) (k,n).
 *
 * <p>Block sizes. A panel of B as wide as the register tile and {@link #K_BLOCK} deep is 128 KiB with AVX-512: it stays in a
 * 1 MiB second-level cache while all rows of a block pass over it, and its packed form is one stream of loads. Rows of A are
 * used for a whole panel width (64 columns: one byte of A a cycle), so a block of {@link #ROW_BLOCK} rows may come from the
 * third level. It is the row block that pays for packing the panel: packing costs about the time of 4 rows.
 *
 * <p>A task is a block of rows by a group of panels; each thread packs what it needs into its own scratch, so the whole
 * product is one parallel region without barriers.
 */
final class Sgemm {
    static final int K_BLOCK = 512;
    static final int ROW_BLOCK = 384;
    /** Vectors across the register tile: 4 where there are 32 wide registers, else 2. */
    static final int ACROSS = L == 16 ? 4 : 2;
    /** Columns in a panel. */
    static final int PANEL = ACROSS * L;
    /** Fewer rows than this read B where it lies: packing would cost more than it gains. */
    private static final int PACK_ROWS = 32;
    /** Multiply-adds below which waking the team costs more than it gains (about 10 microseconds of one core). */
    private static final long SMALL = 400_000;

    private Sgemm() {}

    /**
     * C (m,n) = or += op(A) op(B). {@code lda} is the distance between stored rows of A, which is (m,k), or (k,m) when
     * {@code ta}; likewise for B and C.
     */
    static void multiply(Team team, boolean ta, boolean tb, int m, int n, int k, float[] a, int ao, int lda,
            float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add) {
        if (m == 0 || n == 0) return;
        int parts = (long) m * n * k < SMALL ? 1 : 4 * team.size();
        int rowBlocks = blocks(m, ROW_BLOCK);
        int rows = evenBlock(m, rowBlocks, 6);
        int panels = blocks(n, PANEL);
        int fewest = parts == 1 ? panels : Math.clamp(panels * rowBlocks / team.size(), 1, 4); // a task for each thread comes before long tasks
        int group = Math.min(panels, Math.max(blocks(panels * rowBlocks, parts), fewest));
        int groups = blocks(panels, group);
        team.parallel(rowBlocks * groups, task -> {
            int i = task / groups * rows;
            int j = task % groups * group * PANEL;
            block(ta, tb, Math.min(rows, m - i), Math.min(group * PANEL, n - j), k, a, ao + i * (ta ? 1 : lda), lda,
                    b, bo + j * (tb ? ldb : 1), ldb, c, co + i * ldc + j, ldc, add);
        });
    }

    /** One task, in the calling thread: C (m,n) = or += op(A) op(B), where m is at most a few hundred. */
    static void block(boolean ta, boolean tb, int m, int n, int k, float[] a, int ao, int lda,
            float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add) {
        if (m == 0 || n == 0) return;
        if (k == 0 && !add) {
            for (int i = 0; i < m; i++) java.util.Arrays.fill(c, co + i * ldc, co + i * ldc + n, 0);
        }
        Scratch scratch = Scratch.mine();
        boolean packA = ta || lda % 256 == 0 && m > 6; // rows a multiple of 1 KiB apart compete for few cache sets
        boolean packB = tb || m >= PACK_ROWS;
        for (int p = 0; p < k; p += K_BLOCK) {
            int kc = Math.min(K_BLOCK, k - p);
            float[] rows = a;
            int rowsAt = ta ? 0 : ao + p;
            int stride = lda;
            if (packA) {
                stride = kc + 16;
                rows = scratch.left(m * stride);
                rowsAt = 0;
                if (ta) Pack.transpose(kc, m, a, ao + p * lda, lda, rows, 0, stride);
                else Pack.copy(m, kc, a, ao + p, lda, rows, 0, stride);
            }
            for (int j = 0; j < n; j += PANEL) {
                int w = Math.min(PANEL, n - j);
                int across = w == PANEL ? ACROSS : w <= L ? 1 : w <= 2 * L ? 2 : 4;
                float[] panel = b;
                int panelAt = bo + p * ldb + j;
                int panelStride = ldb;
                if (packB || w < PANEL) {
                    panelStride = across * L;
                    panel = scratch.right(K_BLOCK * PANEL);
                    panelAt = 0;
                    if (tb) Pack.transpose(w, kc, b, bo + j * ldb + p, ldb, panel, 0, panelStride);
                    else Pack.copy(kc, w, b, bo + p * ldb + j, ldb, panel, 0, panelStride);
                }
                panel(m, w, across, kc, rows, rowsAt, stride, panel, panelAt, panelStride, c, co + j, ldc, add || p > 0);
            }
        }
    }

    /** All rows of a block over one panel. */
    private static void panel(int m, int w, int across, int k, float[] a, int ao, int lda,
            float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add) {
        for (int i = 0; i < m; ) {
            int left = m - i;
            int h = across == 4 && (left <= 4 || left == 7 || left == 8) ? 4 : 6; // 8 rows are 4 + 4, not 6 and 2 of 4
            int rows = Math.min(h, left);
            if (rows == h && w == across * L) {
                tile(h, across, k, a, ao + i * lda, lda, rows, b, bo, ldb, c, co + i * ldc, ldc, add);
            } else {
                float[] edge = Scratch.mine().tile(6 * PANEL);
                if (add) Pack.copy(rows, w, c, co + i * ldc, ldc, edge, 0, PANEL);
                tile(h, across, k, a, ao + i * lda, lda, rows, b, bo, ldb, edge, 0, PANEL, add);
                Pack.copy(rows, w, edge, 0, PANEL, c, co + i * ldc, ldc);
            }
            i += rows;
        }
    }

    private static void tile(int h, int across, int k, float[] a, int ao, int lda, int rows, float[] b, int bo, int ldb,
            float[] c, int co, int ldc, boolean add) {
        if (across == 4) {
            if (h == 6) Tiles.tile6x4(k, a, ao, lda, rows, b, bo, ldb, c, co, ldc, add);
            else Tiles.tile4x4(k, a, ao, lda, rows, b, bo, ldb, c, co, ldc, add);
        } else if (across == 2) {
            Tiles.tile6x2(k, a, ao, lda, rows, b, bo, ldb, c, co, ldc, add);
        } else {
            Tiles.tile6x1(k, a, ao, lda, rows, b, bo, ldb, c, co, ldc, add);
        }
    }

    /** How many blocks of {@code size} cover {@code n}. */
    static int blocks(int n, int size) {
        return (n + size - 1) / size;
    }

    /** The size of {@code count} nearly equal blocks of {@code n}, a multiple of {@code unit}. */
    private static int evenBlock(int n, int count, int unit) {
        return count == 0 ? unit : blocks(blocks(n, count), unit) * unit;
    }
}
