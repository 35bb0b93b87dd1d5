package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The k largest of the n·n sums a[i] + b[j] (Lample et al. 2019, section 3.1): the best candidates of each side, then the
 * sums among them. With both lists in descending order the pair (i, j) has (i+1)(j+1) - 1 pairs at least as good before it,
 * so only pairs with (i+1)(j+1) ≤ k are looked at: 50 of 256 for k = 16.
 */
final class ProductKeys {
    private final int n;
    private final int half;
    private final int k;
    private final float[] left;
    private final float[] right;
    private final int[] leftColumns;
    private final int[] rightColumns;

    /** Working memory for rows of n scores a side, {@code half} candidates of each and k results. */
    ProductKeys(int n, int half, int k) {
        this.n = n;
        this.half = Math.min(half, n);
        this.k = k;
        left = new float[this.half];
        right = new float[this.half];
        leftColumns = new int[this.half];
        rightColumns = new int[this.half];
    }

    /** {@code rows} rows, each with k values from iv on and k ids from {@code to} on. */
    void rows(int rows, float[] a, int ia, float[] b, int ib, float[] values, int iv, int[] ids, int to) {
        int r = 0;
        if (LaneTopK.pays(n, half) && (long) n * n < LaneTopK.EXACT) {
            for (; r + L <= rows; r += L) lanes(a, ia + r * n, b, ib + r * n, values, iv + r * k, ids, to + r * k);
        }
        for (; r < rows; r++) row(a, ia + r * n, b, ib + r * n, values, iv + r * k, ids, to + r * k);
    }

    /** L rows at once. */
    private void lanes(float[] a, int ia, float[] b, int ib, float[] values, int iv, int[] ids, int to) {
        int leftList = 0;
        int rightList = 2 * half * L;
        int sums = 2 * rightList;
        float[] work = Scratch.mine().left(sums + 2 * k * L + LaneTopK.size(n, half));
        LaneTopK.rows(b, ib, n, half, work, rightList); // each uses the memory after its list, so the later list first
        LaneTopK.rows(a, ia, n, half, work, sums);
        System.arraycopy(work, sums, work, leftList, rightList);
        LaneTopK.sums(work, leftList, rightList, half, n, k, sums);
        for (int lane = 0; lane < L; lane++) {
            int at = lane * k;
            boolean full = LaneTopK.isFull(work, leftList, half, lane) && LaneTopK.isFull(work, rightList, half, lane)
                    && LaneTopK.isFullOfSums(work, sums, k, lane);
            if (full) LaneTopK.read(work, sums, k, lane, values, iv + at, ids, to + at);
            else row(a, ia + lane * n, b, ib + lane * n, values, iv + at, ids, to + at);
        }
    }

    /** One row: sums into values[iv..iv+k), descending, and i·n + j into ids; the lower id first at a tie among the candidates. */
    private void row(float[] a, int ia, float[] b, int ib, float[] values, int iv, int[] ids, int to) {
        TopK.row(a, ia, n, half, left, 0, leftColumns, 0);
        TopK.row(b, ib, n, half, right, 0, rightColumns, 0);
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
