package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The register tiles of the matrix product: {@code tileHxW} computes H rows by W vectors of C from H packed rows of A, {@link #ROW}
 * values apart, and k packed rows of B, {@link #PANEL} values apart. It starts from what C holds if {@code add}, else from 0.
 *
 * <p>That both distances are constants is worth a third of the speed: with one register for the place in A and one for that in B, and
 * bounds that can be checked before the loop, nothing is spilled in it. With distances in variables the compiler spilled a vector of B to
 * the stack, and how the stack lay to the cache lines, so who called, made it 75 or 105 GFLOP/s of 117; now it is 114 from anywhere.
 *
 * <p>The accumulators are local variables written out by hand. An array of vectors, a field, a loop over them, or a vector
 * chosen by a branch would make the compiler keep them in memory; one small static method a shape lets it be compiled alone.
 * The Vector API is called directly: with own helpers in between, a method this long exceeds the compiler's budget for
 * inlining, and the calls left over take their vectors through the heap (measured: half the speed at k = 64). For the same
 * reason a mask, not a branch, decides whether C is read.
 *
 * <p>The largest shape fills the registers: 24 accumulators, 4 vectors of B and a broadcast of A of the 32 that AVX-512 has,
 * 12 + 2 + 1 of 16 otherwise. What a tile reads beyond the rows and columns that there are is whatever the packed operands hold, and
 * the caller keeps only what it wants of the tile. Each value of C is one chain of fused multiply-adds in the order of k, whatever the
 * shape and the blocks.
 */
final class Tiles {
    /** Vectors across the largest tile: 4 where there are 32 wide registers, else 2. */
    static final int ACROSS = L == 16 ? 4 : 2;
    /** Distance of packed rows of B: the width of the largest tile. */
    static final int PANEL = ACROSS * L;
    /** The longest row of A, and so the most k that a tile takes. */
    static final int DEPTH = 512;
    /** Distance of packed rows of A: not a multiple of 1 KiB, or they would compete for few cache sets. */
    static final int ROW = DEPTH + 16;

    private Tiles() {}

    /**
     * Sees to it that C2 compiles the large tiles. They are too large for C1 to compile with profiling; and a method that was compiled by
     * C1 without profiling, because C2 had a backlog when it was first noticed, can't leave that level: it stays 50 times slower (measured
     * on an idle machine: 2 GFLOP/s instead of 98). So C1 is told to leave them alone. Where it can't be told, they are called often enough
     * for the compiler to notice them while it has nothing else to do, which helps, not always.
     */
    static void prepare() {
        if (!Compilation.withoutC1("org/moe4j/backend/simd/Tiles.*x*")) {
            introduce();
        }
    }

    private static void introduce() {
        float[] a = new float[6 * ROW];
        float[] b = new float[PANEL];
        float[] c = new float[6 * PANEL];
        for (int i = 0; i < 520; i++) { // the threshold is 200 calls, more while C1 is busy
            if (ACROSS == 4) {
                tile6x4(1, a, 0, b, 0, c, 0, PANEL, true);
                tile4x4(1, a, 0, b, 0, c, 0, PANEL, true);
                packing4x4(1, a, 0, b, 0, 0, b, c, 0, PANEL, true);
            }
            tile6x2(1, a, 0, b, 0, c, 0, PANEL, true);
        }
    }

    static void tile6x4(int k, float[] a, int ao, float[] b, int bo, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        FloatVector c01 = FloatVector.fromArray(F, c, to0 + L, kept);
        FloatVector c02 = FloatVector.fromArray(F, c, to0 + 2 * L, kept);
        FloatVector c03 = FloatVector.fromArray(F, c, to0 + 3 * L, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + L, kept);
        FloatVector c12 = FloatVector.fromArray(F, c, to1 + 2 * L, kept);
        FloatVector c13 = FloatVector.fromArray(F, c, to1 + 3 * L, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + L, kept);
        FloatVector c22 = FloatVector.fromArray(F, c, to2 + 2 * L, kept);
        FloatVector c23 = FloatVector.fromArray(F, c, to2 + 3 * L, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + L, kept);
        FloatVector c32 = FloatVector.fromArray(F, c, to3 + 2 * L, kept);
        FloatVector c33 = FloatVector.fromArray(F, c, to3 + 3 * L, kept);
        int to4 = to3 + ldc;
        FloatVector c40 = FloatVector.fromArray(F, c, to4, kept);
        FloatVector c41 = FloatVector.fromArray(F, c, to4 + L, kept);
        FloatVector c42 = FloatVector.fromArray(F, c, to4 + 2 * L, kept);
        FloatVector c43 = FloatVector.fromArray(F, c, to4 + 3 * L, kept);
        int to5 = to4 + ldc;
        FloatVector c50 = FloatVector.fromArray(F, c, to5, kept);
        FloatVector c51 = FloatVector.fromArray(F, c, to5 + L, kept);
        FloatVector c52 = FloatVector.fromArray(F, c, to5 + 2 * L, kept);
        FloatVector c53 = FloatVector.fromArray(F, c, to5 + 3 * L, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * PANEL + L);
            FloatVector b2 = FloatVector.fromArray(F, b, bo + p * PANEL + 2 * L);
            FloatVector b3 = FloatVector.fromArray(F, b, bo + p * PANEL + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            FloatVector x4 = FloatVector.broadcast(F, a[ao + p + 4 * ROW]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            c42 = x4.fma(b2, c42);
            c43 = x4.fma(b3, c43);
            FloatVector x5 = FloatVector.broadcast(F, a[ao + p + 5 * ROW]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            c52 = x5.fma(b2, c52);
            c53 = x5.fma(b3, c53);
        }
        c00.intoArray(c, to0);
        c01.intoArray(c, to0 + L);
        c02.intoArray(c, to0 + 2 * L);
        c03.intoArray(c, to0 + 3 * L);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + L);
        c12.intoArray(c, to1 + 2 * L);
        c13.intoArray(c, to1 + 3 * L);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + L);
        c22.intoArray(c, to2 + 2 * L);
        c23.intoArray(c, to2 + 3 * L);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + L);
        c32.intoArray(c, to3 + 2 * L);
        c33.intoArray(c, to3 + 3 * L);
        c40.intoArray(c, to4);
        c41.intoArray(c, to4 + L);
        c42.intoArray(c, to4 + 2 * L);
        c43.intoArray(c, to4 + 3 * L);
        c50.intoArray(c, to5);
        c51.intoArray(c, to5 + L);
        c52.intoArray(c, to5 + 2 * L);
        c53.intoArray(c, to5 + 3 * L);
    }

    static void tile4x4(int k, float[] a, int ao, float[] b, int bo, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        FloatVector c01 = FloatVector.fromArray(F, c, to0 + L, kept);
        FloatVector c02 = FloatVector.fromArray(F, c, to0 + 2 * L, kept);
        FloatVector c03 = FloatVector.fromArray(F, c, to0 + 3 * L, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + L, kept);
        FloatVector c12 = FloatVector.fromArray(F, c, to1 + 2 * L, kept);
        FloatVector c13 = FloatVector.fromArray(F, c, to1 + 3 * L, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + L, kept);
        FloatVector c22 = FloatVector.fromArray(F, c, to2 + 2 * L, kept);
        FloatVector c23 = FloatVector.fromArray(F, c, to2 + 3 * L, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + L, kept);
        FloatVector c32 = FloatVector.fromArray(F, c, to3 + 2 * L, kept);
        FloatVector c33 = FloatVector.fromArray(F, c, to3 + 3 * L, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * PANEL + L);
            FloatVector b2 = FloatVector.fromArray(F, b, bo + p * PANEL + 2 * L);
            FloatVector b3 = FloatVector.fromArray(F, b, bo + p * PANEL + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
        }
        c00.intoArray(c, to0);
        c01.intoArray(c, to0 + L);
        c02.intoArray(c, to0 + 2 * L);
        c03.intoArray(c, to0 + 3 * L);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + L);
        c12.intoArray(c, to1 + 2 * L);
        c13.intoArray(c, to1 + 3 * L);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + L);
        c22.intoArray(c, to2 + 2 * L);
        c23.intoArray(c, to2 + 3 * L);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + L);
        c32.intoArray(c, to3 + 2 * L);
        c33.intoArray(c, to3 + 3 * L);
    }

    static void tile6x3(int k, float[] a, int ao, float[] b, int bo, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        FloatVector c01 = FloatVector.fromArray(F, c, to0 + L, kept);
        FloatVector c02 = FloatVector.fromArray(F, c, to0 + 2 * L, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + L, kept);
        FloatVector c12 = FloatVector.fromArray(F, c, to1 + 2 * L, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + L, kept);
        FloatVector c22 = FloatVector.fromArray(F, c, to2 + 2 * L, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + L, kept);
        FloatVector c32 = FloatVector.fromArray(F, c, to3 + 2 * L, kept);
        int to4 = to3 + ldc;
        FloatVector c40 = FloatVector.fromArray(F, c, to4, kept);
        FloatVector c41 = FloatVector.fromArray(F, c, to4 + L, kept);
        FloatVector c42 = FloatVector.fromArray(F, c, to4 + 2 * L, kept);
        int to5 = to4 + ldc;
        FloatVector c50 = FloatVector.fromArray(F, c, to5, kept);
        FloatVector c51 = FloatVector.fromArray(F, c, to5 + L, kept);
        FloatVector c52 = FloatVector.fromArray(F, c, to5 + 2 * L, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * PANEL + L);
            FloatVector b2 = FloatVector.fromArray(F, b, bo + p * PANEL + 2 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            FloatVector x4 = FloatVector.broadcast(F, a[ao + p + 4 * ROW]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            c42 = x4.fma(b2, c42);
            FloatVector x5 = FloatVector.broadcast(F, a[ao + p + 5 * ROW]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            c52 = x5.fma(b2, c52);
        }
        c00.intoArray(c, to0);
        c01.intoArray(c, to0 + L);
        c02.intoArray(c, to0 + 2 * L);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + L);
        c12.intoArray(c, to1 + 2 * L);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + L);
        c22.intoArray(c, to2 + 2 * L);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + L);
        c32.intoArray(c, to3 + 2 * L);
        c40.intoArray(c, to4);
        c41.intoArray(c, to4 + L);
        c42.intoArray(c, to4 + 2 * L);
        c50.intoArray(c, to5);
        c51.intoArray(c, to5 + L);
        c52.intoArray(c, to5 + 2 * L);
    }

    static void tile6x2(int k, float[] a, int ao, float[] b, int bo, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        FloatVector c01 = FloatVector.fromArray(F, c, to0 + L, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + L, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + L, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + L, kept);
        int to4 = to3 + ldc;
        FloatVector c40 = FloatVector.fromArray(F, c, to4, kept);
        FloatVector c41 = FloatVector.fromArray(F, c, to4 + L, kept);
        int to5 = to4 + ldc;
        FloatVector c50 = FloatVector.fromArray(F, c, to5, kept);
        FloatVector c51 = FloatVector.fromArray(F, c, to5 + L, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * PANEL + L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            FloatVector x4 = FloatVector.broadcast(F, a[ao + p + 4 * ROW]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            FloatVector x5 = FloatVector.broadcast(F, a[ao + p + 5 * ROW]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
        }
        c00.intoArray(c, to0);
        c01.intoArray(c, to0 + L);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + L);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + L);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + L);
        c40.intoArray(c, to4);
        c41.intoArray(c, to4 + L);
        c50.intoArray(c, to5);
        c51.intoArray(c, to5 + L);
    }

    static void tile6x1(int k, float[] a, int ao, float[] b, int bo, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        int to4 = to3 + ldc;
        FloatVector c40 = FloatVector.fromArray(F, c, to4, kept);
        int to5 = to4 + ldc;
        FloatVector c50 = FloatVector.fromArray(F, c, to5, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * PANEL);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            FloatVector x4 = FloatVector.broadcast(F, a[ao + p + 4 * ROW]);
            c40 = x4.fma(b0, c40);
            FloatVector x5 = FloatVector.broadcast(F, a[ao + p + 5 * ROW]);
            c50 = x5.fma(b0, c50);
        }
        c00.intoArray(c, to0);
        c10.intoArray(c, to1);
        c20.intoArray(c, to2);
        c30.intoArray(c, to3);
        c40.intoArray(c, to4);
        c50.intoArray(c, to5);
    }

    /** The tile of the first rows, which packs B as it reads it where it lies: the panel's stores find room between the multiply-adds. */
    static void packing4x4(int k, float[] a, int ao, float[] b, int bo, int ldb, float[] panel, float[] c, int to0, int ldc, boolean add) {
        VectorMask<Float> kept = F.maskAll(add);
        FloatVector c00 = FloatVector.fromArray(F, c, to0, kept);
        FloatVector c01 = FloatVector.fromArray(F, c, to0 + L, kept);
        FloatVector c02 = FloatVector.fromArray(F, c, to0 + 2 * L, kept);
        FloatVector c03 = FloatVector.fromArray(F, c, to0 + 3 * L, kept);
        int to1 = to0 + ldc;
        FloatVector c10 = FloatVector.fromArray(F, c, to1, kept);
        FloatVector c11 = FloatVector.fromArray(F, c, to1 + L, kept);
        FloatVector c12 = FloatVector.fromArray(F, c, to1 + 2 * L, kept);
        FloatVector c13 = FloatVector.fromArray(F, c, to1 + 3 * L, kept);
        int to2 = to1 + ldc;
        FloatVector c20 = FloatVector.fromArray(F, c, to2, kept);
        FloatVector c21 = FloatVector.fromArray(F, c, to2 + L, kept);
        FloatVector c22 = FloatVector.fromArray(F, c, to2 + 2 * L, kept);
        FloatVector c23 = FloatVector.fromArray(F, c, to2 + 3 * L, kept);
        int to3 = to2 + ldc;
        FloatVector c30 = FloatVector.fromArray(F, c, to3, kept);
        FloatVector c31 = FloatVector.fromArray(F, c, to3 + L, kept);
        FloatVector c32 = FloatVector.fromArray(F, c, to3 + 2 * L, kept);
        FloatVector c33 = FloatVector.fromArray(F, c, to3 + 3 * L, kept);
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo);
            b0.intoArray(panel, p * PANEL);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + L);
            b1.intoArray(panel, p * PANEL + L);
            FloatVector b2 = FloatVector.fromArray(F, b, bo + 2 * L);
            b2.intoArray(panel, p * PANEL + 2 * L);
            FloatVector b3 = FloatVector.fromArray(F, b, bo + 3 * L);
            b3.intoArray(panel, p * PANEL + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = FloatVector.broadcast(F, a[ao + p + ROW]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = FloatVector.broadcast(F, a[ao + p + 2 * ROW]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = FloatVector.broadcast(F, a[ao + p + 3 * ROW]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            bo += ldb;
        }
        c00.intoArray(c, to0);
        c01.intoArray(c, to0 + L);
        c02.intoArray(c, to0 + 2 * L);
        c03.intoArray(c, to0 + 3 * L);
        c10.intoArray(c, to1);
        c11.intoArray(c, to1 + L);
        c12.intoArray(c, to1 + 2 * L);
        c13.intoArray(c, to1 + 3 * L);
        c20.intoArray(c, to2);
        c21.intoArray(c, to2 + L);
        c22.intoArray(c, to2 + 2 * L);
        c23.intoArray(c, to2 + 3 * L);
        c30.intoArray(c, to3);
        c31.intoArray(c, to3 + L);
        c32.intoArray(c, to3 + 2 * L);
        c33.intoArray(c, to3 + 3 * L);
    }
}
