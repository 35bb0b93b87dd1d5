package org.moe4j.backend;

import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Products with what comes before and after them, of a back end that has no kernels for these: bias, plain product, epilogue. */
final class Products {
    private Products() {}

    static void finished(Backend on, boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, Epilogue after) {
        boolean biased = after.bias() != null;
        if (biased) {
            toRows(on, after.bias(), 0, m, n, c, 0);
        }
        on.gemm(transposeA, transposeB, m, n, k, a, b, c, biased);
        after.finish(on, c);
    }

    static void finishedByGroup(Backend on, IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, Epilogue after) {
        boolean biased = after.bias() != null;
        if (biased) {
            on.groupedBias(starts, n, after.bias(), y);
        }
        on.groupedGemm(starts, transposeW, n, k, x, w, y, biased);
        after.finish(on, y);
    }

    static void bias(Backend on, HostInts starts, int n, Storage bias, Storage y) {
        for (int e = 0; e + 1 < starts.length(); e++) {
            toRows(on, bias, (long) e * n, rows(starts, e), n, y, (long) starts.get(e) * n);
        }
    }

    static void biasGrad(Backend on, HostInts starts, int n, Storage dy, Storage dbias) {
        for (int e = 0; e + 1 < starts.length(); e++) {
            if (rows(starts, e) > 0) {
                on.move(new int[] {rows(starts, e), n}, new Strided(dy, (long) starts.get(e) * n, new long[] {n, 1}),
                    new Strided(dbias, (long) e * n, new long[] {0, 1}), true);
            }
        }
    }

    /** Each of {@code rows} rows of y from place {@code to} on = the n values of the bias from place {@code from} on. */
    private static void toRows(Backend on, Storage bias, long from, int rows, int n, Storage y, long to) {
        if (rows > 0) {
            on.move(new int[] {rows, n}, new Strided(bias, from, new long[] {0, 1}), new Strided(y, to, new long[] {n, 1}), false);
        }
    }

    private static int rows(HostInts starts, int e) {
        return starts.get(e + 1) - starts.get(e);
    }
}
