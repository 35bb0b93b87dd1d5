package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The register tiles of the matrix product: {@code tileHxW} computes H rows by W vectors of C from H rows of A, whose k
 * values lie side by side, and k rows of B, W vectors wide. It starts from what C holds if {@code add}, else from 0.
 *
 * <p>The accumulators are local variables written out by hand. An array of vectors, a field, a loop over them, or a vector
 * chosen by a branch would make the compiler keep them in memory; one small static method a shape lets it be compiled alone.
 * The Vector API is called directly: with own helpers in between, a method this long exceeds the compiler's budget for
 * inlining, and the calls left over take their vectors through the heap (measured: half the speed at k = 64). For the same
 * reason a mask, not a branch, decides whether C is read.
 *
 * <p>The largest shape fills the registers: 24 accumulators, 4 vectors of B and a broadcast of A of the 32 that AVX-512 has,
 * 12 + 2 + 1 of 16 otherwise. Fewer than H rows of A: the missing ones repeat the last ({@code rows} says how many there are),
 * and the caller keeps only what it wants of the tile. Each value of C is one chain of fused multiply-adds in the order of k,
 * whatever the shape and the blocks.
 */
final class Tiles {
    private Tiles() {}

    /**
     * Sees to it that C2 compiles the large tiles. They are too large for C1 to compile with profiling; and a method that was compiled by
     * C1 without profiling, because C2 had a backlog when it was first noticed, can't leave that level: it stays 50 times slower (measured
     * on an idle machine: 2 GFLOP/s instead of 98). So C1 is told to leave them alone. Where it can't be told, they are called often enough
     * for the compiler to notice them while it has nothing else to do, which helps, not always.
     */
    static void prepare() {
        if (!Compilation.withoutC1("org/moe4j/backend/simd/Tiles.tile*")) {
            introduce();
        }
    }

    private static void introduce() {
        float[] a = new float[6];
        float[] b = new float[4 * L];
        float[] c = new float[6 * 4 * L];
        for (int i = 0; i < 520; i++) { // the threshold is 200 calls, more while C1 is busy
            if (Sgemm.ACROSS == 4) {
                tile6x4(1, a, 0, 1, 6, b, 0, 0, c, 0, 4 * L, true);
                tile4x4(1, a, 0, 1, 4, b, 0, 0, c, 0, 4 * L, true);
            }
            tile6x2(1, a, 0, 1, 6, b, 0, 0, c, 0, 4 * L, true);
        }
    }

    static void tile6x4(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to0, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
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
            FloatVector b0 = FloatVector.fromArray(F, b, at);
            FloatVector b1 = FloatVector.fromArray(F, b, at + L);
            FloatVector b2 = FloatVector.fromArray(F, b, at + 2 * L);
            FloatVector b3 = FloatVector.fromArray(F, b, at + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = FloatVector.broadcast(F, a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = FloatVector.broadcast(F, a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = FloatVector.broadcast(F, a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            FloatVector x4 = FloatVector.broadcast(F, a[a4 + p]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            c42 = x4.fma(b2, c42);
            c43 = x4.fma(b3, c43);
            FloatVector x5 = FloatVector.broadcast(F, a[a5 + p]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            c52 = x5.fma(b2, c52);
            c53 = x5.fma(b3, c53);
            at += ldb;
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

    static void tile4x4(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to0, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
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
            FloatVector b0 = FloatVector.fromArray(F, b, at);
            FloatVector b1 = FloatVector.fromArray(F, b, at + L);
            FloatVector b2 = FloatVector.fromArray(F, b, at + 2 * L);
            FloatVector b3 = FloatVector.fromArray(F, b, at + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = FloatVector.broadcast(F, a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = FloatVector.broadcast(F, a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = FloatVector.broadcast(F, a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            at += ldb;
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

    static void tile6x2(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to0, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
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
            FloatVector b0 = FloatVector.fromArray(F, b, at);
            FloatVector b1 = FloatVector.fromArray(F, b, at + L);
            FloatVector x0 = FloatVector.broadcast(F, a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(F, a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(F, a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(F, a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            FloatVector x4 = FloatVector.broadcast(F, a[a4 + p]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            FloatVector x5 = FloatVector.broadcast(F, a[a5 + p]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            at += ldb;
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

    static void tile6x1(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to0, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
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
            FloatVector b0 = FloatVector.fromArray(F, b, at);
            FloatVector x0 = FloatVector.broadcast(F, a[a0 + p]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(F, a[a1 + p]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(F, a[a2 + p]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(F, a[a3 + p]);
            c30 = x3.fma(b0, c30);
            FloatVector x4 = FloatVector.broadcast(F, a[a4 + p]);
            c40 = x4.fma(b0, c40);
            FloatVector x5 = FloatVector.broadcast(F, a[a5 + p]);
            c50 = x5.fma(b0, c50);
            at += ldb;
        }
        c00.intoArray(c, to0);
        c10.intoArray(c, to1);
        c20.intoArray(c, to2);
        c30.intoArray(c, to3);
        c40.intoArray(c, to4);
        c50.intoArray(c, to5);
    }
}
