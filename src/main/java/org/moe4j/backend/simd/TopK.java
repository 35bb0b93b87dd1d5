package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.GT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

/**
 * The k largest values of a row in descending order, the lower column first at a tie. A running threshold, the k-th best so
 * far, is compared with a whole vector at a time; only the lanes above it, few after the first dozens of columns, go through
 * the insertion. NaN is below everything, so a diverged model still gets k distinct columns.
 */
final class TopK {
    private TopK() {}

    /** {@code rows} rows of n, each with k values from iv on and k columns from ic on. */
    static void rows(int rows, float[] x, int ix, int n, int k, float[] values, int iv, int[] columns, int ic) {
        int r = 0;
        if (LaneTopK.pays(n, k)) {
            float[] work = Scratch.mine().left(LaneTopK.size(n, k));
            for (; r + L <= rows; r += L) {
                LaneTopK.rows(x, ix + r * n, n, n, k, work, 0);
                for (int lane = 0; lane < L; lane++) {
                    int at = (r + lane) * k;
                    if (LaneTopK.isFull(work, 0, k, lane)) LaneTopK.read(work, 0, k, lane, values, iv + at, columns, ic + at);
                    else row(x, ix + (r + lane) * n, n, k, values, iv + at, columns, ic + at);
                }
            }
        }
        for (; r < rows; r++) row(x, ix + r * n, n, k, values, iv + r * k, columns, ic + r * k);
    }

    /** The k largest of x[ix..ix+n) into values[iv..iv+k) and columns[ic..ic+k), where 1 ≤ k ≤ n. */
    static void row(float[] x, int ix, int n, int k, float[] values, int iv, int[] columns, int ic) {
        int held = 0;
        for (; held < k; held++) insert(x[ix + held], held, held, values, iv, columns, ic);
        int last = iv + k - 1;
        int i = k;
        for (; i <= n - L; i += L) {
            long above = fromArray(F, x, ix + i).compare(GT, values[last]).toLong();
            if (values[last] != values[last]) above = (1L << L) - 1;
            for (; above != 0; above &= above - 1) {
                int column = i + Long.numberOfTrailingZeros(above);
                if (isAbove(x[ix + column], values[last])) insert(x[ix + column], column, k - 1, values, iv, columns, ic);
            }
        }
        for (; i < n; i++) {
            if (isAbove(x[ix + i], values[last])) insert(x[ix + i], i, k - 1, values, iv, columns, ic);
        }
    }

    /** Puts a value into a descending list of {@code held}, after its equals; the list grows by one. */
    private static void insert(float value, int column, int held, float[] values, int iv, int[] columns, int ic) {
        int at = held;
        for (; at > 0 && isAbove(value, values[iv + at - 1]); at--) {
            values[iv + at] = values[iv + at - 1];
            columns[ic + at] = columns[ic + at - 1];
        }
        values[iv + at] = value;
        columns[ic + at] = column;
    }

    private static boolean isAbove(float a, float b) {
        return a > b || b != b && a == a;
    }
}
