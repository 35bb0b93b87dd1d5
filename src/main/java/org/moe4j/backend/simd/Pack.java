package org.moe4j.backend.simd;

/** Copies blocks of matrices into the order in which a product reads them. */
final class Pack {
    private Pack() {}

    /** {@code to[i*ldt + j] = from[i*ldf + j]}. */
    static void copy(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        for (int i = 0; i < rows; i++) System.arraycopy(from, fo + i * ldf, to, at + i * ldt, columns);
    }

    /** {@code to[j*ldt + i] = from[i*ldf + j]}. */
    static void transpose(int rows, int columns, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) to[at + j * ldt + i] = from[fo + i * ldf + j];
        }
    }
}
