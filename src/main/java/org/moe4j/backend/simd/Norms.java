package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Layer norm and RMS norm of rows. Both are y = xhat gain + bias with xhat = (x - mean) r, where RMS norm has mean 0; the
 * gradients of gain and bias are sums over rows, split by columns so that each is added up by one thread from the first row
 * to the last.
 */
final class Norms {
    private Norms() {}

    /** The mean of (x - mean)² over n values. */
    static double spread(float[] x, int at, int n, float mean) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        FloatVector centre = broadcast(F, mean);
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            FloatVector a = fromArray(F, x, at + i).sub(centre);
            FloatVector b = fromArray(F, x, at + i + L).sub(centre);
            s0 = a.fma(a, s0);
            s1 = b.fma(b, s1);
        }
        double total = Runs.total(s0.add(s1));
        for (; i < n; i++) total += (x[at + i] - mean) * (x[at + i] - mean);
        return total / n;
    }

    /** y = xhat gain + bias over n values; gain and bias may be null. */
    static void row(float[] x, int ix, float mean, float r, float[] gain, int ig, float[] bias, int ib, float[] y, int iy, int n) {
        normalise(x, ix, mean, r, y, iy, n);
        if (gain != null) Runs.multiply(gain, ig, y, iy, n);
        if (bias != null) Runs.add(bias, ib, y, iy, n);
    }

    private static void normalise(float[] x, int ix, float mean, float r, float[] y, int iy, int n) {
        FloatVector centre = broadcast(F, mean);
        FloatVector scale = broadcast(F, r);
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, ix + i).sub(centre).mul(scale).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = (x[ix + i] - mean) * r;
    }

    /**
     * dx += r (g - mean(g) - xhat mean(g xhat)) over n values, where g = dy gain. RMS norm, which takes no mean off, has no
     * mean(g) either: {@code centred} is false. {@code work} holds 2n values.
     */
    static void rowGrad(boolean centred, float[] x, int ix, float mean, float r, float[] gain, int ig, float[] dy, int id,
            float[] dx, int to, int n, float[] work) {
        System.arraycopy(dy, id, work, 0, n);
        if (gain != null) Runs.multiply(gain, ig, work, 0, n);
        normalise(x, ix, mean, r, work, n, n);
        float shift = centred ? (float) (Runs.sum(work, 0, n) / n) : 0;
        float slope = -Runs.dot(work, 0, work, n, n) / n;
        FloatVector shifts = broadcast(F, -shift);
        FloatVector slopes = broadcast(F, slope);
        FloatVector scale = broadcast(F, r);
        int i = 0;
        for (; i <= n - L; i += L) {
            fromArray(F, work, n + i).fma(slopes, fromArray(F, work, i).add(shifts)).fma(scale, fromArray(F, dx, to + i)).intoArray(dx, to + i);
        }
        for (; i < n; i++) dx[to + i] = Math.fma(Math.fma(work[n + i], slope, work[i] - shift), r, dx[to + i]);
    }

    /** dgain[j] += sum over rows of dy xhat, for one vector of columns from {@code j}; {@code means} null means 0. */
    static void gainGrad(int j, int rows, int cols, float[] x, int ix, float[] means, int im, float[] rs, int ir,
            float[] dy, int id, float[] dgain, int ig) {
        VectorMask<Float> mask = first(cols - j);
        FloatVector sum = fromArray(F, dgain, ig + j, mask);
        for (int t = 0; t < rows; t++) {
            float mean = means == null ? 0 : means[im + t];
            FloatVector xhat = fromArray(F, x, ix + t * cols + j, mask).sub(mean).mul(rs[ir + t]);
            sum = xhat.fma(fromArray(F, dy, id + t * cols + j, mask), sum);
        }
        sum.intoArray(dgain, ig + j, mask);
    }

    /** sums[j] += sum over rows of dy, for one vector of columns from {@code j}. */
    static void columnSum(int j, int rows, int cols, float[] dy, int id, float[] sums, int to) {
        VectorMask<Float> mask = first(cols - j);
        FloatVector sum = fromArray(F, sums, to + j, mask);
        for (int t = 0; t < rows; t++) sum = sum.add(fromArray(F, dy, id + t * cols + j, mask));
        sum.intoArray(sums, to + j, mask);
    }
}
