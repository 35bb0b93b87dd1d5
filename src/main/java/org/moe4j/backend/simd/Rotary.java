package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.first;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rotary positions (Su et al. 2021, section 3.2) with the table of angles of a run of positions. */
final class Rotary {
    private final int positions;
    private final int headDim;
    private final double base;
    private final int first;
    private final float[] cos;
    private final float[] sin;

    Rotary(int positions, int headDim, double base, int first) {
        this.positions = positions;
        this.headDim = headDim;
        this.base = base;
        this.first = first;
        int half = headDim / 2;
        cos = new float[positions * half];
        sin = new float[positions * half];
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(base, -2.0 * i / headDim);
            for (int p = 0; p < positions; p++) {
                cos[p * half + i] = (float) Math.cos((first + p) * frequency);
                sin[p * half + i] = (float) Math.sin((first + p) * frequency);
            }
        }
    }

    /** Whether this table is the one for these arguments. */
    boolean fits(int positions, int headDim, double base, int first) {
        return this.positions == positions && this.headDim == headDim && this.base == base && this.first == first;
    }

    /** Turns one head at the p-th position; {@code sign} -1 turns back. */
    void turn(int p, float sign, float[] x, int ix, float[] y, int iy, boolean add) {
        int half = headDim / 2;
        int at = p * half;
        for (int i = 0; i < half; i += L) {
            VectorMask<Float> mask = first(half - i);
            FloatVector c = fromArray(F, cos, at + i, mask);
            FloatVector s = fromArray(F, sin, at + i, mask).mul(sign);
            FloatVector a = fromArray(F, x, ix + i, mask);
            FloatVector b = fromArray(F, x, ix + half + i, mask);
            FloatVector low = a.mul(c).sub(b.mul(s));
            FloatVector high = b.mul(c).add(a.mul(s));
            (add ? low.add(fromArray(F, y, iy + i, mask)) : low).intoArray(y, iy + i, mask);
            (add ? high.add(fromArray(F, y, iy + half + i, mask)) : high).intoArray(y, iy + half + i, mask);
        }
    }
}
