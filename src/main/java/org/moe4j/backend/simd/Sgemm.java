package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The matrix product C = op(A) op(B) or C += op(A) op(B), row-major, with op(A) (m,k) and op(B) (k,n).
 *
 * <p>Both operands are packed for the register tiles (see there why). A panel of B as wide as the tile and {@link Tiles#DEPTH} deep is
 * 128 KiB with AVX-512: it stays in a 1 MiB second-level cache while all rows of a block pass over it. Rows of A are used for a whole
 * panel width (64 columns: one byte of A a cycle), so a block of {@link #ROW_BLOCK} rows, 1.6 MiB packed, may come from the third level.
 * It is the row block that pays for packing the panel, which costs the time of 4 rows from the second level and of up to 15 from memory.
 *
 * <p>Where there are so few columns that all of B packed is half of the second-level cache ({@link #NEAR}), it is packed once and stays there,
 * while {@link #SHORT_BLOCK} rows of A at a time are packed beside it and pass over all of it; their rows of C are then written close together.
 *
 * <p>Few rows read B where it lies, which costs them less than packing it. A that isn't transposed is read where it lies as soon as there are tiles for its
 * distance of rows ({@link InPlace}); until then, and where the columns are no whole panels, it is packed.
 *
 * <p>A task is a block of rows by a group of panels; each thread packs what it needs into its own scratch, so the whole
 * product is one parallel region without barriers.
 */
final class Sgemm {
    /** Twice as many where rows are at most half as long as the tiles take. */
    static final int ROW_BLOCK = 768;
    static final int PANEL = Tiles.PANEL;
    /** Values of packed B, 512 KiB, that leave the other half of a second-level cache to the rows of A and C that pass over them. */
    private static final int NEAR = 128 * 1024;
    /** Rows of A that pass over such a B together, 300 KiB packed. */
    private static final int SHORT_BLOCK = 144;
    /** Multiply-adds below which waking the team costs more than it gains (about 10 microseconds of one core). */
    private static final long SMALL = 400_000;
    /** Multiply-adds a thread (a third of a millisecond) from which on it gets two tasks, so that none waits long for the last one; more would each pack what they need again. */
    private static final long LARGE = 20_000_000;

    private Sgemm() {}

    /**
     * C (m,n) = or += op(A) op(B). {@code lda} is the distance between stored rows of A, which is (m,k), or (k,m) when
     * {@code ta}; likewise for B and C.
     */
    static void multiply(Team team, boolean ta, boolean tb, int m, int n, int k, float[] a, int ao, int lda,
            float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add, TaskEpilogue after) {
        if (m == 0 || n == 0) return;
        long work = (long) m * n * k;
        int tasks = work < SMALL || team.size() == 1 ? 1 : team.size() * (int) Math.clamp(work / team.size() / LARGE, 1, 2);
        int cuts = columnCuts(m, n, tasks);
        int columns = evenBlock(n, cuts, PANEL);
        int least = staysNear(columns, k) ? 1 : blocks(m, k <= Tiles.DEPTH / 2 ? 2 * ROW_BLOCK : ROW_BLOCK);
        int rows = evenBlock(m, Math.max(blocks(tasks, cuts), least), 4); // any multiple of 4 but 0 is a sum of fours and sixes
        int groups = blocks(n, columns);
        team.parallel(blocks(m, rows) * groups, task -> {
            int i = task / groups * rows;
            int j = task % groups * columns;
            block(ta, tb, Math.min(rows, m - i), Math.min(columns, n - j), k, a, ao + i * (ta ? 1 : lda), lda,
                    b, bo + j * (tb ? ldb : 1), ldb, c, co + i * ldc + j, ldc, add, after);
        });
    }

    /** Into how many the columns of {@code tasks} tasks are cut: each cut packs all of A again, each cut of the rows all of B. */
    private static int columnCuts(int m, int n, int tasks) {
        int best = 1;
        for (int cuts = 1; cuts <= Math.min(tasks, blocks(n, PANEL)); cuts++) {
            if ((long) cuts * m + (long) blocks(tasks, cuts) * n < (long) best * m + (long) blocks(tasks, best) * n) best = cuts;
        }
        return best;
    }

    /** Whether B (k,n) stays in the second-level cache, {@link Tiles#DEPTH} of its rows at a time. */
    private static boolean staysNear(int n, int k) {
        return Math.min(k, Tiles.DEPTH) * blocks(n, PANEL) <= NEAR / PANEL;
    }

    /**
     * Whether all m rows read B where it lies, as packing a panel takes the time of four of them. Where its rows are a multiple of 4 KiB
     * apart, they compete for the same sets of the first-level cache, and only the fewest rows gain.
     */
    private static boolean readInPlace(int m, int ldb) {
        return m <= (ldb % Pack.PAGE == 0 ? 16 : 64);
    }

    /** One task, in the calling thread: C (m,n) = or += op(A) op(B), where m is at most what {@link #ROW_BLOCK} says unless B stays near. */
    static void block(boolean ta, boolean tb, int m, int n, int k, float[] a, int ao, int lda,
            float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add, TaskEpilogue after) {
        if (m == 0 || n == 0) return;
        boolean rightInPlace = !tb && readInPlace(m, ldb);
        InPlace left = !ta && n % PANEL == 0 ? InPlace.of(lda, (long) m * n * k) : null;
        boolean near = staysNear(n, k);
        int each = near ? evenBlock(m, blocks(m, SHORT_BLOCK), 4) : m;
        int apart = near ? Math.min(k, Tiles.DEPTH) * PANEL : 0; // panels of B: all are kept, or one after the other
        float[] rows = Scratch.mine().left((each + 6) * Tiles.ROW);
        float[] panels = Scratch.mine().right(Math.max(NEAR, Tiles.DEPTH * PANEL));
        for (int p = 0; p < k || p == 0; p += Tiles.DEPTH) { // once without any k: the tiles then write what they start from
            int depth = Math.min(Tiles.DEPTH, k - p);
            boolean adds = add || p > 0;
            for (int i = 0; i < m; i += each) {
                int h = Math.min(each, m - i);
                int corner = ao + (ta ? p * lda + i : i * lda + p);
                boolean mayPack = i == 0 && !tb && h >= 4; // in the tile of the first rows
                int first = mayPack && !rightInPlace && PANEL == 4 * L ? 4 : 0;
                if (ta && near) touch(depth, h, a, corner, lda, i == 0 && !tb ? n : 0, b, bo + p * ldb, ldb);
                if (left != null) left.pack(first, h, depth, a, corner, rows);
                else if (ta) Pack.transpose(depth, h, a, corner, lda, rows, 0, Tiles.ROW);
                else Pack.copy(h, depth, a, corner, lda, rows, 0, Tiles.ROW);
                for (int j = 0; j < n; j += PANEL) {
                    int w = Math.min(PANEL, n - j);
                    int to = co + i * ldc + j;
                    float[] from = adds ? c : after.start();
                    int fo = adds ? to : after.startAt(to);
                    int ldf = adds ? ldc : 0;
                    if (rightInPlace && w == PANEL) {
                        panel(left, 0, h, w, depth, a, corner, rows, b, bo + p * ldb + j, ldb, from, fo, ldf, c, to, ldc);
                        continue;
                    }
                    int panel = j / PANEL * apart;
                    boolean packing = mayPack && w == 4 * L;
                    if (packing) Tiles.packing().multiply(depth, rows, 0, b, bo + p * ldb + j, ldb, panels, panel, from, fo, ldf, c, to, ldc);
                    else if (i == 0 && tb) Pack.transpose(w, depth, b, bo + j * ldb + p, ldb, panels, panel, PANEL);
                    else if (i == 0) Pack.panel(depth, w, b, bo + p * ldb + j, ldb, panels, panel);
                    panel(left, packing ? 4 : 0, h, w, depth, a, corner, rows, panels, panel, PANEL, from, fo, ldf, c, to, ldc);
                }
                if (p + depth == k) after.finish(h, n, co + i * ldc);
            }
        }
    }

    /**
     * Reads k rows of both operands of a weight gradient in the order in which they lie. In a training step they come from memory, which answers line by line
     * in the order in which they are packed: 256 x 256 x 2048 takes 0.92 of the time.
     */
    private static void touch(int k, int m, float[] a, int ao, int lda, int n, float[] b, int bo, int ldb) {
        Scratch.mine().touched = Pack.touch(k, m, a, ao, lda) + Pack.touch(k, n, b, bo, ldb);
    }

    /** Rows {@code first} to m of a block, packed or where they lie in {@code a}, over one panel of B, packed or where it lies: C = what is in {@code from} + A B. */
    static void panel(InPlace left, int first, int m, int w, int k, float[] a, int ao, float[] rows, float[] b, int bo, int ldb,
            float[] from, int fo, int ldf, float[] c, int co, int ldc) {
        for (int i = first; i < m; ) {
            int h = tileRows(m - i, w);
            if (left != null && h <= m - i) left.tile(h).multiply(k, a, ao + i * left.apart(), b, bo, ldb, from, fo + i * ldf, ldf, c, co + i * ldc, ldc);
            else tile(h, Math.min(h, m - i), w, k, rows, i * Tiles.ROW, b, bo, ldb, from, fo + i * ldf, ldf, c, co + i * ldc, ldc);
            i += h;
        }
    }

    /** How many rows the next tile has where {@code left} are left and {@code w} columns: 8 rows are 4 + 4, not 6 and 2 of 4. */
    static int tileRows(int left, int w) {
        return blocks(w, L) == 4 && (left <= 4 || left == 7 || left == 8) ? 4 : 6;
    }

    /** One tile of h rows, of which {@code rows} are wanted, and w columns. */
    static void tile(int h, int rows, int w, int k, float[] a, int ao, float[] b, int bo, int ldb, float[] from, int fo, int ldf, float[] c, int co, int ldc) {
        int across = blocks(w, L);
        if (rows == h && w == across * L) {
            Tiles.of(h, across).multiply(k, a, ao, b, bo, ldb, from, fo, ldf, c, co, ldc);
            return;
        }
        float[] edge = Scratch.mine().tile(6 * PANEL);
        Pack.copy(rows, w, from, fo, ldf, edge, 0, PANEL);
        Tiles.of(h, across).multiply(k, a, ao, b, bo, ldb, edge, 0, PANEL, edge, 0, PANEL);
        Pack.copy(rows, w, edge, 0, PANEL, c, co, ldc);
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
