package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Passes over rows of attention scores. A row has memory for whole vectors, so there are no last values to be treated one by one: what lies beside
 * those that are seen is made -infinity, whose power is 0.
 */
final class Scores {
    /** The numbers of the lanes: comparing them is cheaper than a mask made for a range. */
    private static final FloatVector LANE = zero(F).addIndex(1);

    private Scores() {}

    /** Hides what lies behind the first n scores in the last vector that has any of them. */
    static void hideBehind(float[] x, int at, int n) {
        int last = n / L * L;
        if (last == n) return;
        fromArray(F, x, at + last).blend(Float.NEGATIVE_INFINITY, LANE.compare(GE, (float) (n - last))).intoArray(x, at + last);
    }

    /** The largest of the vectors that have the first n scores, -infinity for none; NaN counts as the smallest. */
    static float max(float[] x, int at, int n) {
        FloatVector m0 = broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        for (; i < n - L; i += 2 * L) {
            FloatVector v0 = fromArray(F, x, at + i);
            FloatVector v1 = fromArray(F, x, at + i + L);
            m0 = m0.blend(v0, v0.compare(GT, m0));
            m1 = m1.blend(v1, v1.compare(GT, m1));
        }
        if (i < n) {
            FloatVector v = fromArray(F, x, at + i);
            m0 = m0.blend(v, v.compare(GT, m0));
        }
        return m0.max(m1).reduceLanes(VectorOperators.MAX);
    }

    /** x = e^(x - most) in the vectors that have the first n scores, and 0 in the {@code more} places behind. Returns the sum. */
    static float exps(float[] x, int at, int n, float most, int more) {
        int whole = (n + L - 1) / L * L;
        VectorMath.exp(x, at, 1, -most, x, at, whole);
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i < n - L; i += 2 * L) {
            s0 = s0.add(fromArray(F, x, at + i));
            s1 = s1.add(fromArray(F, x, at + i + L));
        }
        if (i < n) s0 = s0.add(fromArray(F, x, at + i));
        for (i = whole; i < n + more; i += L) zero(F).intoArray(x, at + i);
        return Runs.total(s0.add(s1));
    }

    /**
     * Of the scores of one key, dot products to exponents: x -= lse, from {@code from} on in whole vectors to n; -infinity before {@code seen}.
     *
     * @param from a multiple of the vector
     */
    static void exponents(float[] x, int at, int from, int seen, int n, float[] lse, int il) {
        int i = from;
        for (; i < seen; i += L) {
            fromArray(F, x, at + i).sub(fromArray(F, lse, il + i)).blend(Float.NEGATIVE_INFINITY, LANE.compare(LT, (float) (seen - i))).intoArray(x, at + i);
        }
        for (; i < n; i += L) fromArray(F, x, at + i).sub(fromArray(F, lse, il + i)).intoArray(x, at + i);
    }

    /** Gradients of probabilities p to those of their scores: dp = p (dp - expected), and 0 before {@code seen}. */
    static void gradients(float[] p, float[] dp, int at, int from, int seen, int n, float[] expected, int ie) {
        int i = from;
        for (; i < seen; i += L) {
            fromArray(F, dp, at + i).sub(fromArray(F, expected, ie + i)).mul(fromArray(F, p, at + i)).blend(0f, LANE.compare(LT, (float) (seen - i))).intoArray(dp, at + i);
        }
        for (; i < n; i += L) fromArray(F, dp, at + i).sub(fromArray(F, expected, ie + i)).mul(fromArray(F, p, at + i)).intoArray(dp, at + i);
    }
}
