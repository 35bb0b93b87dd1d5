package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Softmax, log-sum-exp and cross-entropy of rows, in one thread a row. */
final class Softmax {
    /** Values whose exponentials are summed in float32 before they go into a float64. */
    private static final int BLOCK = 64 * L;

    private Softmax() {}

    /** y = softmax(x) over n values; returns log sum exp x. */
    static float row(float[] x, int ix, float[] y, int iy, int n) {
        float most = Runs.max(x, ix, n);
        double sum = 0;
        for (int from = 0; from < n; from += BLOCK) sum += exps(x, ix + from, -most, y, iy + from, Math.min(BLOCK, n - from));
        Runs.scale((float) (1 / sum), y, iy, n);
        return (float) (most + Math.log(sum));
    }

    /** log sum exp x over n values. */
    static float logSumExp(float[] x, int ix, int n) {
        float most = Runs.max(x, ix, n);
        if (most == Float.NEGATIVE_INFINITY) return most;
        double sum = 0;
        for (int from = 0; from < n; from += BLOCK) sum += sumOfExps(x, ix + from, -most, Math.min(BLOCK, n - from));
        return (float) (most + Math.log(sum));
    }

    /** dx += y (dy - y·dy) over n values. */
    static void gradient(float[] y, int iy, float[] dy, int id, float[] dx, int to, int n) {
        FloatVector mean = splat(Runs.dot(y, iy, dy, id, n));
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            load(dy, id + i, mask).sub(mean).fma(load(y, iy + i, mask), load(dx, to + i, mask)).intoArray(dx, to + i, mask);
        }
    }

    /** dx += factor e^(x - lse) + shift over n values. */
    private static void addScaledSoftmax(float factor, float shift, float[] x, int ix, float lse, float[] dx, int to, int n) {
        FloatVector by = splat(factor);
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            FloatVector p = VectorMath.exp(load(x, ix + i, mask).sub(lse));
            p.fma(by, load(dx, to + i, mask).add(shift)).intoArray(dx, to + i, mask);
        }
    }

    /** y = e^(x + shift) over n values; returns their sum. */
    static float exps(float[] x, int ix, float shift, float[] y, int iy, int n) {
        FloatVector sum = zero();
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector e = VectorMath.exp(load(x, ix + i).add(shift));
            e.intoArray(y, iy + i);
            sum = sum.add(e);
        }
        if (i < n) {
            VectorMask<Float> mask = first(n - i);
            FloatVector e = VectorMath.exp(load(x, ix + i, mask).add(shift));
            e.intoArray(y, iy + i, mask);
            sum = sum.add(e, mask);
        }
        return Runs.total(sum);
    }

    private static float sumOfExps(float[] x, int ix, float shift, int n) {
        FloatVector sum = zero();
        int i = 0;
        for (; i <= n - L; i += L) sum = sum.add(VectorMath.exp(load(x, ix + i).add(shift)));
        if (i < n) {
            VectorMask<Float> mask = first(n - i);
            sum = sum.add(VectorMath.exp(load(x, ix + i, mask).add(shift)), mask);
        }
        return Runs.total(sum);
    }

    /** Cross-entropy of a row of x, given its log-sum-exp: see {@link org.moe4j.backend.Backend#crossEntropy}. */
    static float crossEntropy(float[] x, int row, int cols, int target, double smoothing, float lse) {
        if (target < 0) return 0;
        double value = (1 - smoothing) * ((double) lse - x[row + target]);
        if (smoothing != 0) value += smoothing * (lse - Runs.sum(x, row, cols) / cols);
        return (float) value;
    }

    /** Adds its gradient to the row at {@code to} of dx: see {@link org.moe4j.backend.Backend#crossEntropyGrad}. */
    static void crossEntropyGrad(float[] x, int row, int cols, int target, double smoothing, float lse, float dloss, float[] dx, int to) {
        if (target < 0) return;
        addScaledSoftmax(dloss, (float) (-smoothing / cols * dloss), x, row, lse, dx, to, cols);
        dx[to + target] -= (float) ((1 - smoothing) * dloss);
    }
}
