package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.H;
import static org.moe4j.backend.simd.Lanes.I;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.StochasticRounding;

/**
 * bfloat16 values into float32 and back. Kernels that meet a table of them widen a few rows into the first-level cache and go on as with any
 * other, which costs 5 % of what the rows take to come from memory.
 */
final class Halves {
    /** Rows that {@link #widenEight} takes. */
    static final int TOGETHER = 8;

    /** The place of each lane, times the step of the noise. */
    static final int[] LANES = new int[L];

    static {
        for (int i = 0; i < L; i++) LANES[i] = i * StochasticRounding.STEP;
    }

    private Halves() {}

    /** y = x over n values. */
    static void widen(short[] x, int ix, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            ((IntVector) ShortVector.fromArray(H, x, ix + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + i);
        }
        for (; i < n; i++) y[iy + i] = Bfloat16.value(x[ix + i]);
    }

    /**
     * Rows of n values of a table x, those of the eight places from {@code from}, one after the other to y. All eight are read in step, so that as
     * many cache misses are on their way as the core can have: row after row took 1.35 times as long.
     */
    static void widenEight(short[] x, int ix, int[] rows, int from, float[] y, int iy, int n) {
        int r0 = ix + rows[from] * n;
        int r1 = ix + rows[from + 1] * n;
        int r2 = ix + rows[from + 2] * n;
        int r3 = ix + rows[from + 3] * n;
        int r4 = ix + rows[from + 4] * n;
        int r5 = ix + rows[from + 5] * n;
        int r6 = ix + rows[from + 6] * n;
        int r7 = ix + rows[from + 7] * n;
        int i = 0;
        for (; i <= n - L; i += L) {
            ((IntVector) ShortVector.fromArray(H, x, r0 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + i);
            ((IntVector) ShortVector.fromArray(H, x, r1 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + n + i);
            ((IntVector) ShortVector.fromArray(H, x, r2 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 2 * n + i);
            ((IntVector) ShortVector.fromArray(H, x, r3 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 3 * n + i);
            ((IntVector) ShortVector.fromArray(H, x, r4 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 4 * n + i);
            ((IntVector) ShortVector.fromArray(H, x, r5 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 5 * n + i);
            ((IntVector) ShortVector.fromArray(H, x, r6 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 6 * n + i);
            ((IntVector) ShortVector.fromArray(H, x, r7 + i).convertShape(VectorOperators.S2I, I, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, iy + 7 * n + i);
        }
        for (int row = 0; row < TOGETHER && i < n; row++) widen(x, ix + rows[from + row] * n + i, y, iy + row * n + i, n - i);
    }

    /** y = x, rounded to the nearest. */
    static void nearest(float[] x, int ix, short[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            IntVector bits = fromArray(F, x, ix + i).reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector quiet = bits.or(0x40_0000);
            bits.add(odd.add(0x7FFF)).blend(quiet, bits.and(0x7FFF_FFFF).compare(VectorOperators.GT, 0x7F80_0000))
                    .lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, H, 0).reinterpretAsShorts().intoArray(y, iy + i);
        }
        for (; i < n; i++) y[iy + i] = Bfloat16.nearest(x[ix + i]);
    }

    /** p = x over n values, rounded at random by the upper noise of the places from {@code place} on. */
    static void atRandom(StochasticRounding rounding, int place, float[] x, int ix, short[] p, int ip, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            IntVector noise = IntVector.fromArray(I, LANES, 0).add(rounding.first() + (place + i) * StochasticRounding.STEP);
            noise = noise.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.XOR, noise).mul(StochasticRounding.MIX_1);
            noise = noise.lanewise(VectorOperators.LSHR, 15).lanewise(VectorOperators.XOR, noise).lanewise(VectorOperators.XOR, rounding.second())
                    .mul(StochasticRounding.MIX_2);
            noise = noise.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.XOR, noise);
            IntVector bits = fromArray(F, x, ix + i).reinterpretAsInts();
            bits.add(noise.lanewise(VectorOperators.LSHR, 16)).blend(bits.or(0x40_0000), bits.and(0x7FFF_FFFF).compare(VectorOperators.GT, 0x7F80_0000))
                    .lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, H, 0).reinterpretAsShorts().intoArray(p, ip + i);
        }
        for (; i < n; i++) p[ip + i] = Bfloat16.atRandom(x[ix + i], rounding.upper(place + i));
    }
}
