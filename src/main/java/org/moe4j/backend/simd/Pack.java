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

    /** {@code to[j*ldt + i] = from[i*ldf + j]}. */
    static void transpose(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        int wholeRows = rows - rows % L;
        int wholeColumns = columns - columns % L;
        float[] a = Scratch.mine().block(0);
        float[] b = Scratch.mine().block(1);
        for (int j = 0; j < wholeColumns; j += L) {
            for (int i = 0; i < wholeRows; i += L) square(from, fo + i * ldf + j, ldf, a, b, to, at + j * ldt + i, ldt);
        }
        oneByOne(wholeRows, rows, 0, columns, from, fo, ldf, to, at, ldt);
        oneByOne(0, wholeRows, wholeColumns, columns, from, fo, ldf, to, at, ldt);
    }

    /**
     * A square of L rows. Taking the values of rows i and i + L/2 in turn makes rows 2i and 2i + 1; doing this log2 L times
     * rotates every place number by all its bits but one half, which is the transpose.
     */
    private static void square(float[] from, int fo, int ldf, float[] a, float[] b, float[] to, int at, int ldt) {
        shuffle(from, fo, ldf, a, 0, L);
        for (int stage = 4; stage < L; stage *= 2) {
            shuffle(a, 0, L, b, 0, L);
            float[] swap = a;
            a = b;
            b = swap;
        }
        shuffle(a, 0, L, to, at, ldt);
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
