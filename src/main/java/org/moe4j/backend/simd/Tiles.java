package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;

/**
 * The register tiles of the matrix product: {@code tileHxW} computes H rows by W vectors of C from H rows of A, whose k
 * values lie side by side, and k rows of B, W vectors wide.
 *
 * <p>The accumulators are local variables written out by hand. An array of vectors, a field, or a loop over them would make
 * the compiler keep them in memory; one small static method a shape lets it be compiled alone. The largest shape fills the
 * registers: 24 accumulators, 4 vectors of B and a broadcast of A of the 32 that AVX-512 has, 12 + 2 + 1 of 16 otherwise.
 *
 * <p>Fewer than H rows of A: the missing ones repeat the last ({@code rows} says how many there are), and the caller keeps
 * only what it wants of the tile. Each value of C is one chain of fused multiply-adds in the order of k, whatever the shape.
 */
final class Tiles {
    private Tiles() {}

    static void tile6x4(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
        FloatVector c00 = zero(), c01 = zero(), c02 = zero(), c03 = zero();
        FloatVector c10 = zero(), c11 = zero(), c12 = zero(), c13 = zero();
        FloatVector c20 = zero(), c21 = zero(), c22 = zero(), c23 = zero();
        FloatVector c30 = zero(), c31 = zero(), c32 = zero(), c33 = zero();
        FloatVector c40 = zero(), c41 = zero(), c42 = zero(), c43 = zero();
        FloatVector c50 = zero(), c51 = zero(), c52 = zero(), c53 = zero();
        for (int p = 0; p < k; p++) {
            FloatVector b0 = load(b, at), b1 = load(b, at + L), b2 = load(b, at + 2 * L), b3 = load(b, at + 3 * L);
            FloatVector x0 = splat(a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = splat(a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = splat(a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = splat(a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            FloatVector x4 = splat(a[a4 + p]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            c42 = x4.fma(b2, c42);
            c43 = x4.fma(b3, c43);
            FloatVector x5 = splat(a[a5 + p]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            c52 = x5.fma(b2, c52);
            c53 = x5.fma(b3, c53);
            at += ldb;
        }
        store(c, to, c00, add);
        store(c, to + L, c01, add);
        store(c, to + 2 * L, c02, add);
        store(c, to + 3 * L, c03, add);
        to += ldc;
        store(c, to, c10, add);
        store(c, to + L, c11, add);
        store(c, to + 2 * L, c12, add);
        store(c, to + 3 * L, c13, add);
        to += ldc;
        store(c, to, c20, add);
        store(c, to + L, c21, add);
        store(c, to + 2 * L, c22, add);
        store(c, to + 3 * L, c23, add);
        to += ldc;
        store(c, to, c30, add);
        store(c, to + L, c31, add);
        store(c, to + 2 * L, c32, add);
        store(c, to + 3 * L, c33, add);
        to += ldc;
        store(c, to, c40, add);
        store(c, to + L, c41, add);
        store(c, to + 2 * L, c42, add);
        store(c, to + 3 * L, c43, add);
        to += ldc;
        store(c, to, c50, add);
        store(c, to + L, c51, add);
        store(c, to + 2 * L, c52, add);
        store(c, to + 3 * L, c53, add);
    }

    static void tile4x4(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        FloatVector c00 = zero(), c01 = zero(), c02 = zero(), c03 = zero();
        FloatVector c10 = zero(), c11 = zero(), c12 = zero(), c13 = zero();
        FloatVector c20 = zero(), c21 = zero(), c22 = zero(), c23 = zero();
        FloatVector c30 = zero(), c31 = zero(), c32 = zero(), c33 = zero();
        for (int p = 0; p < k; p++) {
            FloatVector b0 = load(b, at), b1 = load(b, at + L), b2 = load(b, at + 2 * L), b3 = load(b, at + 3 * L);
            FloatVector x0 = splat(a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = splat(a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = splat(a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = splat(a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            at += ldb;
        }
        store(c, to, c00, add);
        store(c, to + L, c01, add);
        store(c, to + 2 * L, c02, add);
        store(c, to + 3 * L, c03, add);
        to += ldc;
        store(c, to, c10, add);
        store(c, to + L, c11, add);
        store(c, to + 2 * L, c12, add);
        store(c, to + 3 * L, c13, add);
        to += ldc;
        store(c, to, c20, add);
        store(c, to + L, c21, add);
        store(c, to + 2 * L, c22, add);
        store(c, to + 3 * L, c23, add);
        to += ldc;
        store(c, to, c30, add);
        store(c, to + L, c31, add);
        store(c, to + 2 * L, c32, add);
        store(c, to + 3 * L, c33, add);
    }

    static void tile6x2(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
        FloatVector c00 = zero(), c01 = zero();
        FloatVector c10 = zero(), c11 = zero();
        FloatVector c20 = zero(), c21 = zero();
        FloatVector c30 = zero(), c31 = zero();
        FloatVector c40 = zero(), c41 = zero();
        FloatVector c50 = zero(), c51 = zero();
        for (int p = 0; p < k; p++) {
            FloatVector b0 = load(b, at), b1 = load(b, at + L);
            FloatVector x0 = splat(a[a0 + p]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = splat(a[a1 + p]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = splat(a[a2 + p]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = splat(a[a3 + p]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            FloatVector x4 = splat(a[a4 + p]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            FloatVector x5 = splat(a[a5 + p]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            at += ldb;
        }
        store(c, to, c00, add);
        store(c, to + L, c01, add);
        to += ldc;
        store(c, to, c10, add);
        store(c, to + L, c11, add);
        to += ldc;
        store(c, to, c20, add);
        store(c, to + L, c21, add);
        to += ldc;
        store(c, to, c30, add);
        store(c, to + L, c31, add);
        to += ldc;
        store(c, to, c40, add);
        store(c, to + L, c41, add);
        to += ldc;
        store(c, to, c50, add);
        store(c, to + L, c51, add);
    }

    static void tile6x1(int k, float[] a, int a0, int lda, int rows, float[] b, int at, int ldb,
            float[] c, int to, int ldc, boolean add) {
        int a1 = a0 + (rows > 1 ? lda : 0);
        int a2 = a1 + (rows > 2 ? lda : 0);
        int a3 = a2 + (rows > 3 ? lda : 0);
        int a4 = a3 + (rows > 4 ? lda : 0);
        int a5 = a4 + (rows > 5 ? lda : 0);
        FloatVector c00 = zero();
        FloatVector c10 = zero();
        FloatVector c20 = zero();
        FloatVector c30 = zero();
        FloatVector c40 = zero();
        FloatVector c50 = zero();
        for (int p = 0; p < k; p++) {
            FloatVector b0 = load(b, at);
            FloatVector x0 = splat(a[a0 + p]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = splat(a[a1 + p]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = splat(a[a2 + p]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = splat(a[a3 + p]);
            c30 = x3.fma(b0, c30);
            FloatVector x4 = splat(a[a4 + p]);
            c40 = x4.fma(b0, c40);
            FloatVector x5 = splat(a[a5 + p]);
            c50 = x5.fma(b0, c50);
            at += ldb;
        }
        store(c, to, c00, add);
        to += ldc;
        store(c, to, c10, add);
        to += ldc;
        store(c, to, c20, add);
        to += ldc;
        store(c, to, c30, add);
        to += ldc;
        store(c, to, c40, add);
        to += ldc;
        store(c, to, c50, add);
    }

    private static void store(float[] c, int to, FloatVector sum, boolean add) {
        (add ? sum.add(load(c, to)) : sum).intoArray(c, to);
    }
}
