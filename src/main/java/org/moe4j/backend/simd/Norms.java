package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Layer norm and RMS norm of rows. Both are y = (x - mean) r gain + bias, with mean 0 for RMS norm; the gradients of gain and
 * bias are sums over rows, split by columns so that each is added up by one thread from the first row to the last.
 */
final class Norms {
    private Norms() {}

    /** The mean of (x - mean)² over n values. */
    static double spread(float[] x, int at, int n, float mean) {
        FloatVector s0 = zero();
        FloatVector s1 = zero();
        FloatVector centre = splat(mean);
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            FloatVector a = load(x, at + i).sub(centre);
            FloatVector b = load(x, at + i + L).sub(centre);
            s0 = a.fma(a, s0);
            s1 = b.fma(b, s1);
        }
        for (; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            FloatVector a = load(x, at + i, mask).sub(centre, mask);
            s0 = a.fma(a, s0);
        }
        return Runs.total(s0.add(s1)) / (double) n;
    }

    /** y = (x - mean) r gain + bias over n values; gain and bias may be null. */
    static void row(float[] x, int ix, float mean, float r, float[] gain, int ig, float[] bias, int ib, float[] y, int iy, int n) {
        FloatVector scale = splat(r);
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            FloatVector v = load(x, ix + i, mask).sub(mean).mul(scale);
            if (gain != null) v = v.mul(load(gain, ig + i, mask));
            if (bias != null) v = v.add(load(bias, ib + i, mask));
            v.intoArray(y, iy + i, mask);
        }
    }

    /**
     * dx += r (g - mean(g) - xhat mean(g xhat)) over n values, where g = dy gain and xhat = (x - mean) r. RMS norm, which
     * takes no mean off, has no mean(g) either: {@code centred} is false.
     */
    static void rowGrad(boolean centred, float[] x, int ix, float mean, float r, float[] gain, int ig, float[] dy, int id,
            float[] dx, int to, int n) {
        FloatVector sum = zero();
        FloatVector along = zero();
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            FloatVector g = scaled(dy, id + i, gain, ig + i, mask);
            sum = sum.add(g);
            along = g.fma(load(x, ix + i, mask).sub(mean).mul(r), along);
        }
        FloatVector shift = splat(centred ? Runs.total(sum) / n : 0);
        FloatVector slope = splat(-Runs.total(along) / n);
        for (int i = 0; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            FloatVector g = scaled(dy, id + i, gain, ig + i, mask).sub(shift);
            FloatVector v = load(x, ix + i, mask).sub(mean).mul(r).fma(slope, g);
            v.fma(splat(r), load(dx, to + i, mask)).intoArray(dx, to + i, mask);
        }
    }

    private static FloatVector scaled(float[] dy, int id, float[] gain, int ig, VectorMask<Float> mask) {
        FloatVector g = load(dy, id, mask);
        return gain == null ? g : g.mul(load(gain, ig, mask));
    }

    /**
     * dgain[j] += sum over rows of dy xhat, for one vector of columns from {@code j}; {@code means} null means 0.
     */
    static void gainGrad(int j, int rows, int cols, float[] x, int ix, float[] means, int im, float[] rs, int ir,
            float[] dy, int id, float[] dgain, int ig) {
        VectorMask<Float> mask = first(cols - j);
        FloatVector sum = zero();
        for (int t = 0; t < rows; t++) {
            FloatVector v = load(x, ix + t * cols + j, mask).sub(means == null ? 0 : means[im + t]).mul(rs[ir + t]);
            sum = v.fma(load(dy, id + t * cols + j, mask), sum);
        }
        sum.add(load(dgain, ig + j, mask)).intoArray(dgain, ig + j, mask);
    }

    /** to[j] += sum over rows of dy, for one vector of columns from {@code j}. */
    static void columnSum(int j, int rows, int cols, float[] dy, int id, float[] sums, int to) {
        VectorMask<Float> mask = first(cols - j);
        FloatVector sum = load(sums, to + j, mask);
        for (int t = 0; t < rows; t++) sum = sum.add(load(dy, id + t * cols + j, mask));
        sum.intoArray(sums, to + j, mask);
    }
}
