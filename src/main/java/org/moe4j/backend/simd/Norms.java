package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Layer norm and RMS norm of rows. Both are y = xhat gain + bias with xhat = (x - mean) r, where RMS norm has mean 0; the
 * gradients of gain and bias are sums over rows, split by columns so that each is added up by one thread from the first row
 * to the last.
 */
final class Norms {
    private Norms() {}

    static void layerNorm(Team team, FloatStorage x, FloatStorage gain, FloatStorage bias, double eps, int rows, int cols,
            FloatStorage y, FloatStorage mean, FloatStorage rstd) {
        FloatStorage gains = orAll(gain, 1, cols);
        FloatStorage biases = orAll(bias, 0, cols);
        team.rows(rows, cols, r -> {
            int at = x.offset() + r * cols;
            float mu = (float) (Runs.sum(x.array(), at, cols) / cols);
            float scale = (float) (1 / Math.sqrt(spread(x.array(), at, cols, mu) + eps));
            mean.array()[mean.offset() + r] = mu;
            rstd.array()[rstd.offset() + r] = scale;
            row(x.array(), at, mu, scale, gains.array(), gains.offset(), biases.array(), biases.offset(), y.array(), y.offset() + r * cols, cols);
        });
    }

    static void rmsNorm(Team team, FloatStorage x, FloatStorage gain, double eps, int rows, int cols, FloatStorage y, FloatStorage rrms) {
        FloatStorage gains = orAll(gain, 1, cols);
        FloatStorage biases = orAll(null, 0, cols);
        team.rows(rows, cols, r -> {
            int at = x.offset() + r * cols;
            float scale = (float) (1 / Math.sqrt(spread(x.array(), at, cols, 0) + eps));
            rrms.array()[rrms.offset() + r] = scale;
            row(x.array(), at, 0, scale, gains.array(), gains.offset(), biases.array(), biases.offset(), y.array(), y.offset() + r * cols, cols);
        });
    }

    /** The gradients of either; {@code mean} null means RMS norm, and any of dx, dgain, dbias may be null. */
    static void gradient(Team team, FloatStorage x, FloatStorage gain, FloatStorage mean, FloatStorage scale, FloatStorage dy,
            int rows, int cols, FloatStorage dx, FloatStorage dgain, FloatStorage dbias) {
        if (dx != null) {
            team.rows(rows, cols, r -> rowGrad(mean != null, x.array(), x.offset() + r * cols, mean == null ? 0 : mean.array()[mean.offset() + r],
                    scale.array()[scale.offset() + r], gain, dy.array(), dy.offset() + r * cols,
                    dx.array(), dx.offset() + r * cols, cols, Scratch.mine().scores(2 * cols)));
        }
        int each = Team.rowsATask(rows * L) * L;
        team.parallel(dgain == null ? 0 : Sgemm.blocks(cols, each), task -> {
            for (int j = task * each; j < Math.min(cols, (task + 1) * each); j += L) {
                gainGrad(j, rows, cols, x, mean, scale, dy, dgain.array(), dgain.offset());
            }
        });
        if (dbias != null) Columns.addSums(team, rows, cols, dy.array(), dy.offset(), cols, dbias.array(), dbias.offset());
    }

    /** A gain or bias, or what it is where there is none. */
    private static FloatStorage orAll(FloatStorage x, float value, int cols) {
        if (x != null) return x;
        float[] all = new float[cols];
        Arrays.fill(all, value);
        return new FloatStorage(all, 0, cols);
    }

    /** The mean of (x - mean)² over n values. */
    private static double spread(float[] x, int at, int n, float mean) {
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

    /** y = xhat gain + bias over n values. */
    private static void row(float[] x, int ix, float mean, float r, float[] gain, int ig, float[] bias, int ib, float[] y, int iy, int n) {
        FloatVector centre = broadcast(F, mean);
        FloatVector scale = broadcast(F, r);
        int i = 0;
        for (; i <= n - L; i += L) {
            fromArray(F, x, ix + i).sub(centre).mul(scale).fma(fromArray(F, gain, ig + i), fromArray(F, bias, ib + i)).intoArray(y, iy + i);
        }
        for (; i < n; i++) y[iy + i] = Math.fma((x[ix + i] - mean) * r, gain[ig + i], bias[ib + i]);
    }

    /** y = xhat over n values. */
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
    private static void rowGrad(boolean centred, float[] x, int ix, float mean, float r, FloatStorage gain, float[] dy, int id,
            float[] dx, int to, int n, float[] work) {
        System.arraycopy(dy, id, work, 0, n);
        if (gain != null) Runs.multiply(gain.array(), gain.offset(), work, 0, n);
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
    private static void gainGrad(int j, int rows, int cols, FloatStorage values, FloatStorage means, FloatStorage scales,
            FloatStorage grads, float[] dgain, int ig) {
        float[] x = values.array();
        float[] dy = grads.array();
        int ix = values.offset() + j;
        int id = grads.offset() + j;
        VectorMask<Float> mask = first(cols - j);
        FloatVector sum = fromArray(F, dgain, ig + j, mask);
        for (int t = 0; t < rows; t++) {
            float mean = means == null ? 0 : means.array()[means.offset() + t];
            float r = scales.array()[scales.offset() + t];
            FloatVector xhat = fromArray(F, x, ix + t * cols, mask).sub(mean).mul(r);
            sum = xhat.fma(fromArray(F, dy, id + t * cols, mask), sum);
        }
        sum.intoArray(dgain, ig + j, mask);
    }
}
