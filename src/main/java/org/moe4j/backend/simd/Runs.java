package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Sums, dot products and updates of runs of consecutive values, in one thread: what the other kernels are made of. */
final class Runs {
    private static final VectorSpecies<Double> D = F.withLanes(double.class);
    /** Values summed in float32 before they go into a float64: keeps the error of long sums near that of short ones. */
    private static final int BLOCK = 1024;

    private Runs() {}

    /** The sum of x[at..at+n). */
    static double sum(float[] x, int at, int n) {
        double total = 0;
        for (int from = 0; from < n; from += BLOCK) total += blockSum(x, at + from, Math.min(BLOCK, n - from));
        return total;
    }

    private static float blockSum(float[] x, int at, int n) {
        FloatVector s0 = zero();
        FloatVector s1 = zero();
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            s0 = s0.add(load(x, at + i));
            s1 = s1.add(load(x, at + i + L));
        }
        for (; i < n; i += L) s0 = s0.add(load(x, at + i, first(n - i)));
        return total(s0.add(s1));
    }

    /** The sum of squares of x[at..at+n), every square and sum in float64. */
    static double sumOfSquares(float[] x, int at, int n) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector s1 = DoubleVector.zero(D);
        for (int i = 0; i < n; i += L) {
            FloatVector v = i + L <= n ? load(x, at + i) : load(x, at + i, first(n - i));
            DoubleVector low = (DoubleVector) v.castShape(D, 0);
            DoubleVector high = (DoubleVector) v.castShape(D, 1);
            s0 = low.fma(low, s0);
            s1 = high.fma(high, s1);
        }
        DoubleVector s = s0.add(s1);
        double total = 0;
        for (int lane = 0; lane < D.length(); lane++) total += s.lane(lane);
        return total;
    }

    /** a[ia..] · b[ib..] over n values. */
    static float dot(float[] a, int ia, float[] b, int ib, int n) {
        FloatVector s0 = zero();
        FloatVector s1 = zero();
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            s0 = load(a, ia + i).fma(load(b, ib + i), s0);
            s1 = load(a, ia + i + L).fma(load(b, ib + i + L), s1);
        }
        for (; i < n; i += L) {
            VectorMask<Float> mask = first(n - i);
            s0 = load(a, ia + i, mask).fma(load(b, ib + i, mask), s0);
        }
        return total(s0.add(s1));
    }

    /** The largest of x[at..at+n), NaN if one is; -infinity for none. */
    static float max(float[] x, int at, int n) {
        FloatVector most = splat(Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - L; i += L) most = most.max(load(x, at + i));
        float best = most.reduceLanes(jdk.incubator.vector.VectorOperators.MAX);
        for (; i < n; i++) best = Math.max(best, x[at + i]);
        return best;
    }

    /** y += alpha x over n values. */
    static void axpy(float alpha, float[] x, int ix, float[] y, int iy, int n) {
        FloatVector a = splat(alpha);
        int i = 0;
        for (; i <= n - L; i += L) a.fma(load(x, ix + i), load(y, iy + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = Math.fma(alpha, x[ix + i], y[iy + i]);
    }

    /** y += x over n values. */
    static void add(float[] x, int ix, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) load(x, ix + i).add(load(y, iy + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] += x[ix + i];
    }

    /** x *= alpha over n values. */
    static void scale(float alpha, float[] x, int at, int n) {
        int i = 0;
        for (; i <= n - L; i += L) load(x, at + i).mul(alpha).intoArray(x, at + i);
        for (; i < n; i++) x[at + i] *= alpha;
    }

    /** The sum of the lanes, pairwise in a fixed order (the order of reduceLanes is the JDK's own affair). */
    static float total(FloatVector v) {
        for (int half = L / 2; half >= 1; half /= 2) v = v.add(v.rearrange(jdk.incubator.vector.VectorShuffle.iota(F, half, 1, true)));
        return v.lane(0);
    }
}
