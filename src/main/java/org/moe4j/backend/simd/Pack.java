package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;

/** Copies blocks of matrices into the order in which a product reads them. */
final class Pack {
    /** Which lanes of two vectors, numbered through, make the first and the second vector of their values taken in turn. */
    private static final FloatVector FIRST = inTurn(0);
    private static final FloatVector SECOND = inTurn(L / 2);

    /** Floats in a cache line. */
    private static final int LINE = 16;
    /** Floats in 4 KiB: rows so far apart begin in the same set of the first-level cache, which holds 8 lines. */
    static final int PAGE = 1024;

    private Pack() {}

    private static FloatVector inTurn(int from) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) lanes[i] = from + i / 2 + i % 2 * L;
        return fromArray(F, lanes, 0);
    }

    /** {@code to[i*ldt + j] = from[i*ldf + j]}. */
    static void copy(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        for (int i = 0; i < rows; i++) System.arraycopy(from, fo + i * ldf, to, at + i * ldt, columns);
    }

    /** {@code to[i*PANEL + j] = from[i*ldf + j]}: a panel of a product's right operand. */
    static void panel(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at) {
        if (columns < Tiles.PANEL) {
            copy(rows, columns, from, fo, ldf, to, at, Tiles.PANEL);
            return;
        }
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < Tiles.PANEL; j += L) fromArray(F, from, fo + i * ldf + j).intoArray(to, at + i * Tiles.PANEL + j);
        }
    }

    /** {@code to[j*ldt + i] = from[i*ldf + j]}, L rows at a time, each of them read from end to end. */
    static void transpose(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        int wholeRows = rows - rows % L;
        int wholeColumns = columns - columns % L;
        float[] a = Scratch.mine().block(0);
        float[] b = Scratch.mine().block(1);
        boolean sameSets = ldf % PAGE == 0;
        int stride = sameSets ? wholeColumns + L : ldf;
        for (int i = 0; i < wholeRows; i += L) {
            float[] band = from;
            int start = fo + i * ldf;
            if (sameSets) {
                band = Scratch.mine().band(L * stride);
                copy(L, wholeColumns, from, start, ldf, band, 0, stride);
                start = 0;
            }
            for (int j = 0; j < wholeColumns; j += L) square(band, start + j, stride, a, b, to, at + j * ldt + i, ldt);
        }
        oneByOne(wholeRows, rows, 0, columns, from, fo, ldf, to, at, ldt);
        oneByOne(0, wholeRows, wholeColumns, columns, from, fo, ldf, to, at, ldt);
    }

    /**
     * Reads a value of every cache line of a block, row by row, which memory answers at its full rate; in the order in which a
     * product wants them it answers line by line.
     *
     * @return something made of them, to be kept by the caller so that the reading isn't optimised away
     */
    static float touch(int rows, int columns, float[] x, int at, int ld) {
        float sum = 0;
        if (columns == ld) {
            columns *= rows;
            rows = 1;
        }
        for (int i = 0; i < rows; i++) {
            for (int j = at + i * ld; j < at + i * ld + columns; j += LINE) sum += x[j];
        }
        return sum;
    }

    /**
     * A square of L rows. Taking the values of rows i and i + L/2 in turn makes rows 2i and 2i + 1; doing this log2 L times
     * rotates every place number by all its bits but one half, which is the transpose.
     */
    private static void square(float[] from, int fo, int ldf, float[] a, float[] b, float[] to, int at, int ldt) {
        if (L == 16) {
            square16(from, fo, ldf, to, at, ldt);
            return;
        }
        shuffle(from, fo, ldf, a, 0, L);
        for (int stage = 4; stage < L; stage *= 2) {
            shuffle(a, 0, L, b, 0, L);
            float[] swap = a;
            a = b;
            b = swap;
        }
        shuffle(a, 0, L, to, at, ldt);
    }

    /** The same in registers, of which only AVX-512 has as many: the four stages are written out, or the vectors would go through memory. */
    private static void square16(float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        FloatVector first = FIRST;
        FloatVector second = SECOND;
        FloatVector a0 = fromArray(F, from, fo);
        FloatVector a1 = fromArray(F, from, fo + ldf);
        FloatVector a2 = fromArray(F, from, fo + 2 * ldf);
        FloatVector a3 = fromArray(F, from, fo + 3 * ldf);
        FloatVector a4 = fromArray(F, from, fo + 4 * ldf);
        FloatVector a5 = fromArray(F, from, fo + 5 * ldf);
        FloatVector a6 = fromArray(F, from, fo + 6 * ldf);
        FloatVector a7 = fromArray(F, from, fo + 7 * ldf);
        FloatVector a8 = fromArray(F, from, fo + 8 * ldf);
        FloatVector a9 = fromArray(F, from, fo + 9 * ldf);
        FloatVector a10 = fromArray(F, from, fo + 10 * ldf);
        FloatVector a11 = fromArray(F, from, fo + 11 * ldf);
        FloatVector a12 = fromArray(F, from, fo + 12 * ldf);
        FloatVector a13 = fromArray(F, from, fo + 13 * ldf);
        FloatVector a14 = fromArray(F, from, fo + 14 * ldf);
        FloatVector a15 = fromArray(F, from, fo + 15 * ldf);
        FloatVector b0 = first.selectFrom(a0, a8);
        FloatVector b1 = second.selectFrom(a0, a8);
        FloatVector b2 = first.selectFrom(a1, a9);
        FloatVector b3 = second.selectFrom(a1, a9);
        FloatVector b4 = first.selectFrom(a2, a10);
        FloatVector b5 = second.selectFrom(a2, a10);
        FloatVector b6 = first.selectFrom(a3, a11);
        FloatVector b7 = second.selectFrom(a3, a11);
        FloatVector b8 = first.selectFrom(a4, a12);
        FloatVector b9 = second.selectFrom(a4, a12);
        FloatVector b10 = first.selectFrom(a5, a13);
        FloatVector b11 = second.selectFrom(a5, a13);
        FloatVector b12 = first.selectFrom(a6, a14);
        FloatVector b13 = second.selectFrom(a6, a14);
        FloatVector b14 = first.selectFrom(a7, a15);
        FloatVector b15 = second.selectFrom(a7, a15);
        FloatVector c0 = first.selectFrom(b0, b8);
        FloatVector c1 = second.selectFrom(b0, b8);
        FloatVector c2 = first.selectFrom(b1, b9);
        FloatVector c3 = second.selectFrom(b1, b9);
        FloatVector c4 = first.selectFrom(b2, b10);
        FloatVector c5 = second.selectFrom(b2, b10);
        FloatVector c6 = first.selectFrom(b3, b11);
        FloatVector c7 = second.selectFrom(b3, b11);
        FloatVector c8 = first.selectFrom(b4, b12);
        FloatVector c9 = second.selectFrom(b4, b12);
        FloatVector c10 = first.selectFrom(b5, b13);
        FloatVector c11 = second.selectFrom(b5, b13);
        FloatVector c12 = first.selectFrom(b6, b14);
        FloatVector c13 = second.selectFrom(b6, b14);
        FloatVector c14 = first.selectFrom(b7, b15);
        FloatVector c15 = second.selectFrom(b7, b15);
        FloatVector d0 = first.selectFrom(c0, c8);
        FloatVector d1 = second.selectFrom(c0, c8);
        FloatVector d2 = first.selectFrom(c1, c9);
        FloatVector d3 = second.selectFrom(c1, c9);
        FloatVector d4 = first.selectFrom(c2, c10);
        FloatVector d5 = second.selectFrom(c2, c10);
        FloatVector d6 = first.selectFrom(c3, c11);
        FloatVector d7 = second.selectFrom(c3, c11);
        FloatVector d8 = first.selectFrom(c4, c12);
        FloatVector d9 = second.selectFrom(c4, c12);
        FloatVector d10 = first.selectFrom(c5, c13);
        FloatVector d11 = second.selectFrom(c5, c13);
        FloatVector d12 = first.selectFrom(c6, c14);
        FloatVector d13 = second.selectFrom(c6, c14);
        FloatVector d14 = first.selectFrom(c7, c15);
        FloatVector d15 = second.selectFrom(c7, c15);
        first.selectFrom(d0, d8).intoArray(to, at);
        second.selectFrom(d0, d8).intoArray(to, at + ldt);
        first.selectFrom(d1, d9).intoArray(to, at + 2 * ldt);
        second.selectFrom(d1, d9).intoArray(to, at + 3 * ldt);
        first.selectFrom(d2, d10).intoArray(to, at + 4 * ldt);
        second.selectFrom(d2, d10).intoArray(to, at + 5 * ldt);
        first.selectFrom(d3, d11).intoArray(to, at + 6 * ldt);
        second.selectFrom(d3, d11).intoArray(to, at + 7 * ldt);
        first.selectFrom(d4, d12).intoArray(to, at + 8 * ldt);
        second.selectFrom(d4, d12).intoArray(to, at + 9 * ldt);
        first.selectFrom(d5, d13).intoArray(to, at + 10 * ldt);
        second.selectFrom(d5, d13).intoArray(to, at + 11 * ldt);
        first.selectFrom(d6, d14).intoArray(to, at + 12 * ldt);
        second.selectFrom(d6, d14).intoArray(to, at + 13 * ldt);
        first.selectFrom(d7, d15).intoArray(to, at + 14 * ldt);
        second.selectFrom(d7, d15).intoArray(to, at + 15 * ldt);
    }

    private static void shuffle(float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        for (int i = 0; i < L / 2; i++) {
            FloatVector x = fromArray(F, from, fo + i * ldf);
            FloatVector y = fromArray(F, from, fo + (i + L / 2) * ldf);
            FIRST.selectFrom(x, y).intoArray(to, at + 2 * i * ldt);
            SECOND.selectFrom(x, y).intoArray(to, at + (2 * i + 1) * ldt);
        }
    }

    private static void oneByOne(int fromRow, int toRow, int fromColumn, int toColumn, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        for (int i = fromRow; i < toRow; i++) {
            for (int j = fromColumn; j < toColumn; j++) to[at + j * ldt + i] = from[fo + i * ldf + j];
        }
    }
}
