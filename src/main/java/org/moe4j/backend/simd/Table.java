package org.moe4j.backend.simd;

import org.moe4j.backend.HalfStorage;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.Storage;

/** A table whose rows are read, by the kernels for what its values are kept as. */
sealed interface Table {
    /** y = the rows of a list one after the other, zeros for an empty place. */
    void gather(Team team, HostInts rows, FloatStorage y);

    /** s = x · row, or += it, for the n rows of ids[from..], {@link TableRows#dots}. */
    void dots(float[] x, int ix, int[] ids, int from, int n, float[] s, int is, boolean add);

    /** y = the sum of the n rows of ids[from..], each times its weight, or += it, {@link TableRows#sum}. */
    void sum(float[] weights, int iw, int[] ids, int from, int n, float[] y, int iy, boolean add);

    static Table of(Storage values, int width) {
        return values instanceof HalfStorage halves ? new Half(halves, width) : new Single(FloatStorage.of(values), width);
    }

    /** Of float32 values. */
    record Single(FloatStorage values, int width) implements Table {
        @Override
        public void gather(Team team, HostInts rows, FloatStorage y) {
            TableRows.gather(team, values, width, rows, y);
        }

        @Override
        public void dots(float[] x, int ix, int[] ids, int from, int n, float[] s, int is, boolean add) {
            TableRows.dots(x, ix, values.array(), values.offset(), width, ids, from, n, s, is, add);
        }

        @Override
        public void sum(float[] weights, int iw, int[] ids, int from, int n, float[] y, int iy, boolean add) {
            TableRows.sum(weights, iw, values.array(), values.offset(), width, ids, from, n, y, iy, add);
        }
    }

    /** Of bfloat16 values. */
    record Half(HalfStorage values, int width) implements Table {
        @Override
        public void gather(Team team, HostInts rows, FloatStorage y) {
            HalfRows.gather(team, values, width, rows, y);
        }

        @Override
        public void dots(float[] x, int ix, int[] ids, int from, int n, float[] s, int is, boolean add) {
            HalfRows.dots(x, ix, values, width, ids, from, n, s, is, add);
        }

        @Override
        public void sum(float[] weights, int iw, int[] ids, int from, int n, float[] y, int iy, boolean add) {
            HalfRows.sum(weights, iw, values, width, ids, from, n, y, iy, add);
        }
    }
}
