package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.I;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Sums, dot products and updates of runs of consecutive values, in one thread: what the other kernels are made of. */
final class Runs {
    private static final VectorSpecies<Double> D = F.withLanes(double.class);
    /** Values summed in float32 before they go into a float64: keeps the error of long sums near that of short ones. */
    private static final int BLOCK = 1024;

    private static final int INFINITY = Float.floatToIntBits(Float.POSITIVE_INFINITY);
    /** Lanes turned by so many; constants each, since a shuffle made in a loop costs ten times the sum. */
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.iota(F, 8, 1, true);
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.iota(F, 4, 1, true);
    private static final VectorShuffle<Float> BY_2 = VectorShuffle.iota(F, 2, 1, true);

    private Runs() {}

    /** The sum of x[at..at+n). */
    static double sum(float[] x, int at, int n) {
        double total = 0;
        for (int from = 0; from < n; from += BLOCK) total += blockSum(x, at + from, Math.min(BLOCK, n - from));
        return total;
    }

    private static float blockSum(float[] x, int at, int n) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            s0 = s0.add(fromArray(F, x, at + i));
            s1 = s1.add(fromArray(F, x, at + i + L));
        }
        float total = total(s0.add(s1));
        for (; i < n; i++) total += x[at + i];
        return total;
    }

    /** The sum of squares of x[at..at+n), every square and sum in float64. */
    static double sumOfSquares(float[] x, int at, int n) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector s1 = DoubleVector.zero(D);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = fromArray(F, x, at + i);
            DoubleVector low = (DoubleVector) v.castShape(D, 0);
            DoubleVector high = (DoubleVector) v.castShape(D, 1);
            s0 = low.fma(low, s0);
            s1 = high.fma(high, s1);
        }
        DoubleVector s = s0.add(s1);
        double total = 0;
        for (int lane = 0; lane < D.length(); lane++) total += s.lane(lane);
        for (; i < n; i++) total += (double) x[at + i] * x[at + i];
        return total;
    }

    /** a[ia..] · b[ib..] over n values. */
    static float dot(float[] a, int ia, float[] b, int ib, int n) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= n - 2 * L; i += 2 * L) {
            s0 = fromArray(F, a, ia + i).fma(fromArray(F, b, ib + i), s0);
            s1 = fromArray(F, a, ia + i + L).fma(fromArray(F, b, ib + i + L), s1);
        }
        float total = total(s0.add(s1));
        for (; i < n; i++) total = Math.fma(a[ia + i], b[ib + i], total);
        return total;
    }

    /** The largest of x[at..at+n), NaN if one is; -infinity for none. */
    static float max(float[] x, int at, int n) {
        FloatVector most = broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - L; i += L) most = most.max(fromArray(F, x, at + i));
        float best = most.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) best = Math.max(best, x[at + i]);
        return best;
    }

    /** Whether none of {@code rows} rows of n values, the first at {@code at}, is infinite or NaN. */
    static boolean finite(float[] x, int at, int rows, int n, int ld) {
        IntVector most = IntVector.zero(I); // the bits of the absolute values, which are in their order
        boolean finite = true;
        for (int r = 0; r < rows; r++, at += ld) {
            int i = 0;
            for (; i <= n - L; i += L) most = most.max(fromArray(F, x, at + i).reinterpretAsInts().and(Integer.MAX_VALUE));
            for (; i < n; i++) finite &= Float.isFinite(x[at + i]);
        }
        return finite && most.reduceLanes(VectorOperators.MAX) < INFINITY;
    }

    /** y += alpha x over n values. */
    static void axpy(float alpha, float[] x, int ix, float[] y, int iy, int n) {
        FloatVector a = broadcast(F, alpha);
        int i = 0;
        for (; i <= n - L; i += L) a.fma(fromArray(F, x, ix + i), fromArray(F, y, iy + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = Math.fma(alpha, x[ix + i], y[iy + i]);
    }

    /** y = alpha x over n values. */
    static void product(float alpha, float[] x, int ix, float[] y, int iy, int n) {
        FloatVector a = broadcast(F, alpha);
        int i = 0;
        for (; i <= n - L; i += L) a.mul(fromArray(F, x, ix + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = alpha * x[ix + i];
    }

    /** y += x over n values. */
    static void add(float[] x, int ix, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, ix + i).add(fromArray(F, y, iy + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] += x[ix + i];
    }

    /** y *= x over n values. */
    static void multiply(float[] x, int ix, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, ix + i).mul(fromArray(F, y, iy + i)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] *= x[ix + i];
    }

    /** z += x y over n values. */
    static void addProduct(float[] x, int ix, float[] y, int iy, float[] z, int iz, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, ix + i).fma(fromArray(F, y, iy + i), fromArray(F, z, iz + i)).intoArray(z, iz + i);
        for (; i < n; i++) z[iz + i] = Math.fma(x[ix + i], y[iy + i], z[iz + i]);
    }

    /** x *= alpha over n values. */
    static void scale(float alpha, float[] x, int at, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, at + i).mul(alpha).intoArray(x, at + i);
        for (; i < n; i++) x[at + i] *= alpha;
    }

    /** The sum of the lanes, pairwise in a fixed order (the order of reduceLanes is the JDK's own affair). */
    static float total(FloatVector v) {
        if (L >= 16) v = v.add(v.rearrange(BY_8));
        if (L >= 8) v = v.add(v.rearrange(BY_4));
        v = v.add(v.rearrange(BY_2));
        return v.lane(0) + v.lane(1);
    }
}
