package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Softmax, log-sum-exp and cross-entropy of rows, in one thread a row. */
final class Softmax {
    private static final int BLOCK = VectorMath.BLOCK;

    private Softmax() {}

    /** y = softmax(x) over n values. */
    static void row(float[] x, int ix, float[] y, int iy, int n) {
        exps(x, ix, 1, -Runs.max(x, ix, n), y, iy, n);
        Runs.scale((float) (1 / Runs.sum(y, iy, n)), y, iy, n);
    }

    /** log sum exp x over n values. */
    static float logSumExp(float[] x, int ix, int n) {
        float most = Runs.max(x, ix, n);
        if (most == Float.NEGATIVE_INFINITY) return most;
        float[] block = Scratch.mine().block(5);
        double sum = 0;
        for (int from = 0; from < n; from += BLOCK) {
            int m = Math.min(BLOCK, n - from);
            exps(x, ix + from, 1, -most, block, 0, m);
            sum += Runs.sum(block, 0, m);
        }
        return (float) (most + Math.log(sum));
    }

    /** y = e^(scale x + shift) over n values. */
    static void exps(float[] x, int ix, float scale, float shift, float[] y, int iy, int n) {
        int whole = n - n % L;
        VectorMath.exp(x, ix, scale, shift, y, iy, whole);
        if (whole == n) return;
        float[] tail = Scratch.mine().block(4);
        System.arraycopy(x, ix + whole, tail, 0, n - whole);
        VectorMath.exp(tail, 0, scale, shift, tail, 0, L);
        System.arraycopy(tail, 0, y, iy + whole, n - whole);
    }

    /** x = tanh x over n values. */
    static void tanhs(float[] x, int at, int n) {
        float[] tail = Scratch.mine().block(4);
        for (int from = 0; from < n; from += BLOCK) {
            int m = Math.min(BLOCK, n - from);
            int whole = m - m % L;
            VectorMath.tanh(x, at + from, x, at + from, whole);
            System.arraycopy(x, at + from + whole, tail, 0, m - whole);
            if (whole < m) VectorMath.tanh(tail, 0, tail, 0, L);
            System.arraycopy(tail, 0, x, at + from + whole, m - whole);
        }
    }

    /** dx += y (dy - y·dy) over n values. */
    static void gradient(float[] y, int iy, float[] dy, int id, float[] dx, int to, int n) {
        float mean = Runs.dot(y, iy, dy, id, n);
        FloatVector means = broadcast(F, mean);
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, dy, id + i).sub(means).fma(fromArray(F, y, iy + i), fromArray(F, dx, to + i)).intoArray(dx, to + i);
        for (; i < n; i++) dx[to + i] = Math.fma(dy[id + i] - mean, y[iy + i], dx[to + i]);
    }

    /** Cross-entropy of a row of x, given its log-sum-exp: see {@link org.moe4j.backend.Backend#crossEntropy}. */
    static float crossEntropy(float[] x, int row, int cols, int target, double smoothing, float lse) {
        if (target < 0) return 0;
        double value = (1 - smoothing) * ((double) lse - x[row + target]);
        if (smoothing != 0) value += smoothing * (lse - Runs.sum(x, row, cols) / cols);
        return (float) value;
    }

    /** Its gradient, written or added to the row at {@code to} of dx: see {@link org.moe4j.backend.Backend#crossEntropyGrad}. */
    static void crossEntropyGrad(float[] x, int row, int cols, int target, double smoothing, float lse, float dloss, float[] dx, int to, boolean add) {
        if (target < 0) {
            if (!add) Arrays.fill(dx, to, to + cols, 0);
            return;
        }
        float[] block = Scratch.mine().block(5);
        float share = (float) (smoothing / cols);
        for (int from = 0; from < cols; from += BLOCK) {
            int m = Math.min(BLOCK, cols - from);
            exps(x, row + from, 1, -lse, block, 0, m);
            if (smoothing != 0) for (int i = 0; i < m; i++) block[i] -= share;
            if (!add) Arrays.fill(dx, to + from, to + from + m, 0);
            Runs.axpy(dloss, block, 0, dx, to + from, m);
        }
        dx[to + target] -= (float) ((1 - smoothing) * dloss);
    }

    /**
     * Cross-entropy of a row of x without smoothing, which becomes its gradient: each exponential is computed once, and divided by their sum when
     * that is known.
     */
    static float crossEntropyInPlace(float[] x, int row, int cols, int target, float dloss) {
        if (target < 0) {
            Arrays.fill(x, row, row + cols, 0);
            return 0;
        }
        float most = Runs.max(x, row, cols);
        float wanted = x[row + target];
        exps(x, row, 1, -most, x, row, cols);
        double sum = Runs.sum(x, row, cols);
        Runs.scale((float) (dloss / sum), x, row, cols);
        x[row + target] -= dloss;
        return (float) (most + Math.log(sum) - wanted);
    }
}
