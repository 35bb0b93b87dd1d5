package org.moe4j.backend.simd;

import org.moe4j.tensor.HostInts;

/**
 * One product for each expert over its own rows. The work is cut into tiles over all experts together, so that neither one
 * large expert nor many small ones leave threads idle; a tile is a block of an expert's rows by a group of panels.
 */
final class GroupedSgemm {
    /** Multiply-adds a task should have at least: some 5 microseconds. */
    private static final long WORTH = 200_000;
    /** Tasks a thread should get when there is enough work, so that the last ones end together. */
    private static final int TASKS_A_THREAD = 8;
    /**
     * Values of an expert's weights that a task reads or writes at most, a second-level cache of 1 MiB: weights come from memory,
     * in the order in which they lie there, before the product reads them in its own. Half as many cut the columns of small
     * experts so finely that packing rows anew for each cut cost more than the third level does.
     */
    private static final int NEAR = 256 * 1024;
    /** Rows of a weight gradient that pay for packing a panel anew. */
    private static final int LEAST_ROWS = 96;

    private GroupedSgemm() {}

    /** y (R,n) = or += x (R,k) · op(w[e]) over rows starts[e]..starts[e+1]; w (E,k,n), or (E,n,k) if {@code tw}. */
    static void multiply(Team team, HostInts starts, boolean tw, int n, int k, float[] x, int xo, float[] w, int wo, float[] y, int yo, boolean add, TaskEpilogue after) {
        int experts = starts.length() - 1;
        Cut cut = new Cut(team, n, (long) k * (starts.get(experts) - starts.get(0)));
        for (int e = 0; e < experts; e++) cut.add(e, starts.get(e + 1) - starts.get(e), k, false);
        cut.run(team, (e, i, m, j, columns) -> {
            int at = wo + e * k * n + (tw ? j * k : j);
            Scratch.mine().touched = tw ? Pack.touch(columns, k, w, at, k) : Pack.touch(k, columns, w, at, n);
            Sgemm.block(false, tw, m, columns, k, x, xo + (starts.get(e) + i) * k, k, w, at, tw ? k : n, y, yo + (starts.get(e) + i) * n + j, n, add,
                    after.ofExpert(e));
        });
    }

    /** dw[e] (m,n) = or += a[rows of e]ᵀ · b[rows of e]; a (R,m), b (R,n), dw (E,m,n). */
    static void weights(Team team, HostInts starts, int m, int n, float[] a, int ao, float[] b, int bo, float[] dw, int wo, boolean add) {
        int experts = starts.length() - 1;
        Cut cut = new Cut(team, n, (long) m * (starts.get(experts) - starts.get(0)));
        for (int e = 0; e < experts; e++) cut.add(e, starts.get(e + 1) > starts.get(e) || !add ? m : 0, starts.get(e + 1) - starts.get(e), true);
        cut.run(team, (e, i, rows, j, columns) -> {
            int at = wo + (e * m + i) * n + j; // touched even where it is overwritten: a line must be here to be written
            Scratch.mine().touched = Pack.touch(rows, columns, dw, at, n);
            Sgemm.block(true, false, rows, columns, starts.get(e + 1) - starts.get(e), a, ao + starts.get(e) * m + i, m, b, bo + starts.get(e) * n + j, n, dw, at, n, add,
                    TaskEpilogue.NONE);
        });
    }

    private interface Tile {
        void run(int expert, int row, int rows, int column, int columns);
    }

    /** The tiles of all experts, one after the other. */
    private static final class Cut {
        private final int columns;
        private final int panels;
        private final long target;
        private int[] tiles = new int[64]; // expert, row, rows, column, columns
        private int size;

        Cut(Team team, int columns, long workAColumn) {
            this.columns = columns;
            panels = Sgemm.blocks(columns, Sgemm.PANEL);
            target = Math.max(WORTH, workAColumn * columns / ((long) TASKS_A_THREAD * team.size()));
        }

        /** @param weights whether what is cut are the weights, and not the rows of tokens they are used for */
        void add(int expert, int rows, int depth, boolean weights) {
            if (rows == 0) return;
            int tallest = weights ? Math.clamp(NEAR / 2 / Math.max(1, columns), LEAST_ROWS, Sgemm.ROW_BLOCK) : Sgemm.ROW_BLOCK;
            int each = Sgemm.blocks(Sgemm.blocks(rows, Sgemm.blocks(rows, tallest)), 6) * 6;
            long panel = Math.max(1, (long) Math.min(rows, each) * depth * Sgemm.PANEL);
            int most = Math.max(1, NEAR / Sgemm.PANEL / Math.max(1, weights ? each : depth));
            int group = (int) Math.clamp(target / panel, 1, Math.min(most, Math.max(1, panels))) * Sgemm.PANEL;
            for (int i = 0; i < rows; i += each) {
                for (int j = 0; j < columns; j += group) add(expert, i, Math.min(each, rows - i), j, Math.min(group, columns - j));
            }
        }

        private void add(int... tile) {
            if (size + 5 > tiles.length) tiles = java.util.Arrays.copyOf(tiles, 2 * tiles.length);
            System.arraycopy(tile, 0, tiles, size, 5);
            size += 5;
        }

        void run(Team team, Tile body) {
            team.parallel(size / 5, t -> body.run(tiles[5 * t], tiles[5 * t + 1], tiles[5 * t + 2], tiles[5 * t + 3], tiles[5 * t + 4]));
        }
    }
}
