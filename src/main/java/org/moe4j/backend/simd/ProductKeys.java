package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The k largest of the n·n sums a[i] + b[j] (Lample et al. 2019, section 3.1): the best candidates of each side, then the
 * sums among them. With both lists in descending order the pair (i, j) has (i+1)(j+1) - 1 pairs at least as good before it,
 * so only pairs with (i+1)(j+1) ≤ k are looked at: 50 of 256 for k = 16.
 *
 * <p>The candidates of L rows stand side by side as {@link LaneTopK} has them, one row in each lane.
 */
final class ProductKeys {
    private final int n;
    private final int half;
    private final int k;
    private final int list; // floats of the candidates of a side of L rows
    private final int side; // and of all rows
    private final float[] lists; // those of both sides, then the sums of L rows
    private final float[] left;
    private final float[] right;
    private final int[] leftColumns;
    private final int[] rightColumns;

    /** Working memory of this thread for {@code rows} rows of n scores a side, {@code half} candidates of each and k results. */
    ProductKeys(int n, int half, int k, int rows) {
        this.n = n;
        this.half = Math.min(half, n);
        this.k = k;
        list = 2 * this.half * L;
        side = Sgemm.blocks(rows, L) * list;
        lists = Scratch.mine().candidates(2 * side + 2 * k * L);
        left = new float[this.half];
        right = new float[this.half];
        leftColumns = new int[this.half];
        rightColumns = new int[this.half];
    }

    /** Finds the candidates of {@code rows} rows of scores of one side, {@code ld} apart, which are rows {@code first}, a multiple of L, and on. */
    void candidates(int ofSide, int first, int rows, float[] scores, int is, int ld) {
        for (int r = 0; r < rows; r += L) {
            int to = ofSide * side + (first + r) / L * list;
            boolean together = r + L <= rows && LaneTopK.pays(n, half);
            if (together) {
                float[] work = Scratch.mine().left(LaneTopK.size(n, half));
                LaneTopK.rows(scores, is + r * ld, ld, n, half, work, 0);
                System.arraycopy(work, 0, lists, to, list);
            }
            for (int lane = 0; lane < Math.min(L, rows - r); lane++) {
                if (together && LaneTopK.isFull(lists, to, half, lane)) continue;
                TopK.row(scores, is + (r + lane) * ld, n, half, left, 0, leftColumns, 0);
                LaneTopK.write(left, leftColumns, lists, to, half, lane);
            }
        }
    }

    /** Of the candidates of {@code rows} rows: k sums a row from iv on, descending, and i·n + j for each from {@code to} on, rows of both {@code apart} apart. */
    void sums(int rows, float[] values, int iv, int[] ids, int to, int apart) {
        int best = 2 * side;
        for (int r = 0; r < rows; r += L) {
            int a = r / L * list;
            boolean together = r + L <= rows && (long) n * n < LaneTopK.EXACT;
            if (together) LaneTopK.sums(lists, a, side + a, half, n, k, best);
            for (int lane = 0; lane < Math.min(L, rows - r); lane++) {
                int at = (r + lane) * apart;
                if (together && LaneTopK.isFullOfSums(lists, best, k, lane)) LaneTopK.read(lists, best, k, lane, values, iv + at, ids, to + at);
                else row(a, lane, values, iv + at, ids, to + at);
            }
        }
    }

    /** One row: sums into values[iv..iv+k), descending, and i·n + j into ids; the lower id first at a tie among the candidates. */
    private void row(int a, int lane, float[] values, int iv, int[] ids, int to) {
        LaneTopK.read(lists, a, half, lane, left, 0, leftColumns, 0);
        LaneTopK.read(lists, side + a, half, lane, right, 0, rightColumns, 0);
        int held = 0;
        for (int i = 0; i < half && i < k; i++) {
            int across = Math.min(half, k / (i + 1));
            for (int j = 0; j < across; j++) {
                float sum = left[i] + right[j];
                int id = leftColumns[i] * n + rightColumns[j];
                if (held == k && !isBefore(sum, id, values[iv + k - 1], ids[to + k - 1])) continue;
                int at = held < k ? held++ : k - 1;
                for (; at > 0 && isBefore(sum, id, values[iv + at - 1], ids[to + at - 1]); at--) {
                    values[iv + at] = values[iv + at - 1];
                    ids[to + at] = ids[to + at - 1];
                }
                values[iv + at] = sum;
                ids[to + at] = id;
            }
        }
    }

    private static boolean isBefore(float sum, int id, float otherSum, int otherId) {
        if (sum == otherSum) return id < otherId;
        return sum > otherSum || otherSum != otherSum && (sum == sum || id < otherId);
    }
}
