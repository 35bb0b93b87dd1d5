package org.moe4j.backend.simd;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

import org.moe4j.tensor.HostInts;

/**
 * Products for each expert over its own rows. The work of one is cut into tiles over all experts together, so that neither one
 * large expert nor many small ones leave threads idle; a tile is a block of an expert's rows by a group of panels. Several may be done expert by expert.
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
    /** One in so many experts was among the last ones: 8 of 64 with 2 MiB of weights each are half of a third-level cache of 32 MiB. */
    private static final int LAST = 8;

    private GroupedSgemm() {}

    /** A part of an expert's product. */
    private interface Tile {
        void run(int expert, int row, int rows, int column, int columns);
    }

    /**
     * A product of each expert.
     *
     * @param ofWeights whether its result are weights, and not the rows of tokens they are used for
     * @param columns of every expert's result
     * @param rows of an expert's result, 0 where there is nothing to compute
     * @param depth of an expert's sums
     * @param tile computes a part of it
     */
    record Product(boolean ofWeights, int columns, IntUnaryOperator rows, IntUnaryOperator depth, Tile tile) {
        private long work(int experts) {
            long work = 0;
            for (int e = 0; e < experts; e++) work += (long) columns * rows.applyAsInt(e) * depth.applyAsInt(e);
            return work;
        }

        /** All experts' tiles, one after the other, are the tasks. */
        private void run(Team team, int experts) {
            long target = Math.max(WORTH, work(experts) / ((long) TASKS_A_THREAD * team.size()));
            Tiling tiling = new Tiling();
            for (int e = 0; e < experts; e++) cut(e, target, tiling);
            team.parallel(tiling.size(), t -> tiling.run(t, tile));
        }

        /** @param target multiply-adds that a tile should have, where that doesn't make it too large for the caches */
        private void cut(int expert, long target, Tile to) {
            int count = rows.applyAsInt(expert);
            if (count == 0) return;
            int deep = depth.applyAsInt(expert);
            int tallest = ofWeights ? Math.clamp(NEAR / 2 / Math.max(1, columns), LEAST_ROWS, Sgemm.ROW_BLOCK) : Sgemm.ROW_BLOCK;
            int each = Sgemm.blocks(Sgemm.blocks(count, Sgemm.blocks(count, tallest)), 6) * 6;
            long panel = Math.max(1, (long) Math.min(count, each) * deep * Sgemm.PANEL);
            int most = Math.max(1, NEAR / Sgemm.PANEL / Math.max(1, ofWeights ? each : deep));
            int group = (int) Math.clamp(target / panel, 1, Math.min(most, Math.max(1, Sgemm.blocks(columns, Sgemm.PANEL)))) * Sgemm.PANEL;
            for (int i = 0; i < count; i += each) {
                for (int j = 0; j < columns; j += group) to.run(expert, i, Math.min(each, count - i), j, Math.min(group, columns - j));
            }
        }
    }

    /** A list of tiles. */
    private static final class Tiling implements Tile {
        private int[] tiles = new int[320]; // expert, row, rows, column, columns
        private int end;

        @Override
        public void run(int expert, int row, int rows, int column, int columns) {
            if (end == tiles.length) tiles = Arrays.copyOf(tiles, 2 * end);
            tiles[end++] = expert;
            tiles[end++] = row;
            tiles[end++] = rows;
            tiles[end++] = column;
            tiles[end++] = columns;
        }

        int size() {
            return end / 5;
        }

        void run(int t, Tile to) {
            to.run(tiles[5 * t], tiles[5 * t + 1], tiles[5 * t + 2], tiles[5 * t + 3], tiles[5 * t + 4]);
        }
    }

    /** y (R,n) = or += x (R,k) · op(w[e]) over rows starts[e]..starts[e+1]; w (E,k,n), or (E,n,k) if {@code tw}. */
    static Product rows(HostInts starts, boolean tw, int n, int k, float[] x, int xo, float[] w, int wo, float[] y, int yo, boolean add, TaskEpilogue after) {
        return new Product(false, n, e -> starts.get(e + 1) - starts.get(e), _ -> k, (e, i, m, j, columns) -> {
            int at = wo + e * k * n + (tw ? j * k : j);
            Scratch.mine().touched = tw ? Pack.touch(columns, k, w, at, k) : Pack.touch(k, columns, w, at, n);
            Sgemm.block(false, tw, m, columns, k, x, xo + (starts.get(e) + i) * k, k, w, at, tw ? k : n, y, yo + (starts.get(e) + i) * n + j, n, add,
                    after.ofExpert(e));
        });
    }

    /** dw[e] (m,n) = or += a[rows of e]ᵀ · b[rows of e]; a (R,m), b (R,n), dw (E,m,n). */
    static Product weights(HostInts starts, int m, int n, float[] a, int ao, float[] b, int bo, float[] dw, int wo, boolean add) {
        return new Product(true, n, e -> starts.get(e + 1) > starts.get(e) || !add ? m : 0, e -> starts.get(e + 1) - starts.get(e), (e, i, rows, j, columns) -> {
            int at = wo + (e * m + i) * n + j; // touched even where it is overwritten: a line must be here to be written
            Scratch.mine().touched = Pack.touch(rows, columns, dw, at, n);
            Sgemm.block(true, false, rows, columns, starts.get(e + 1) - starts.get(e), a, ao + starts.get(e) * m + i, m, b, bo + starts.get(e) * n + j, n, dw, at, n, add,
                    TaskEpilogue.NONE);
        });
    }

    /**
     * The products one after the other. Where the experts' shares are small enough, a task does all products of an expert, so that what passes between them stays
     * in its thread's caches; those with the most rows come first, so that the last tasks are short. Going backward they come after those that going forward were
     * the last, whose weights the third-level cache may still hold. Its bits are those of one product after the other, as each
     * value is of one tile and these don't depend on tasks.
     */
    static void run(Team team, HostInts starts, List<Product> products) {
        int experts = starts.length() - 1;
        if (products.size() == 1 || !even(team, starts, products)) {
            for (Product product : products) product.run(team, experts);
            return;
        }
        long[] order = new long[experts]; // by rows, the most first
        for (int e = 0; e < experts; e++) order[e] = (long) (starts.get(e) - starts.get(e + 1)) << Integer.SIZE | e;
        Arrays.sort(order);
        int again = products.stream().anyMatch(Product::ofWeights) ? experts / LAST : 0;
        team.parallel(experts, i -> {
            int expert = (int) order[i < again ? experts - 1 - i : i - again];
            for (Product product : products) product.cut(expert, Long.MAX_VALUE, product.tile);
        });
    }

    /** Whether an expert is worth a task on average, and none is so large that threads would wait for it. */
    private static boolean even(Team team, HostInts starts, List<Product> products) {
        int experts = starts.length() - 1;
        int most = 0;
        for (int e = 0; e < experts; e++) most = Math.max(most, starts.get(e + 1) - starts.get(e));
        long work = 0;
        for (Product product : products) work += product.work(experts);
        return work >= WORTH * experts && (long) most * TASKS_A_THREAD * team.size() <= starts.get(experts) - starts.get(0);
    }
}
