package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.tensor.HostInts;

/**
 * Products with scattered rows of a large table. Rows are taken eight at a time: they share the loads of the other operand and,
 * what counts more, keep as many cache misses in flight as a core can have (four at a time took 1.3 times as long; touching the next rows
 * ahead gained nothing). Negative row numbers are empty slots.
 */
final class TableRows {
    private static final int TOGETHER = 8;

    private TableRows() {}

    static void gather(Team team, FloatStorage table, int width, HostInts rows, FloatStorage y) {
        team.rows(rows.length(), width, i -> {
            int at = y.offset() + i * width;
            if (rows.get(i) < 0) Arrays.fill(y.array(), at, at + width, 0);
            else System.arraycopy(table.array(), table.offset() + rows.get(i) * width, y.array(), at, width);
        });
    }

    /** Each task owns a range of the table and looks for its rows in the order of the list. */
    static void scatterAdd(Team team, FloatStorage x, int width, HostInts rows, FloatStorage table) {
        int held = width == 0 ? 0 : table.length() / width;
        int parts = (int) Math.min(64, ((long) rows.length() * width + Team.CHUNK - 1) / Team.CHUNK);
        team.parallel(parts, part -> {
            int low = (int) ((long) held * part / parts);
            int high = (int) ((long) held * (part + 1) / parts);
            for (int i = 0; i < rows.length(); i++) {
                if (rows.get(i) < low || rows.get(i) >= high) continue;
                Runs.add(x.array(), x.offset() + i * width, table.array(), table.offset() + rows.get(i) * width, width);
            }
        });
    }

    /** s[j] = or += x · table[ids[j]] for the {@code n} places from {@code from}; 0 for an empty slot. */
    static void dots(float[] x, int ix, float[] table, int it, int width, int[] ids, int from, int n, float[] s, int is, boolean add) {
        float[] lanes = Scratch.mine().lanes(Sgemm.blocks(n, L) * L * L);
        int j = 0;
        for (; j + TOGETHER <= n; j += TOGETHER) {
            if (anyEmpty(ids, from + j)) {
                for (int i = j; i < j + TOGETHER; i++) dot(x, ix, table, it, width, ids[from + i], lanes, i * L);
            } else {
                eightDots(x, ix, table, it, width, ids, from + j, lanes, j * L);
            }
        }
        for (; j < n; j++) dot(x, ix, table, it, width, ids[from + j], lanes, j * L);
        float[] totals = Scratch.mine().block(3);
        for (j = 0; j < n; j += L) {
            totals(lanes, j * L, totals);
            for (int i = j; i < Math.min(n, j + L); i++) {
                float value = totals[i - j];
                for (int c = width - width % L; c < width && ids[from + i] >= 0; c++) value = Math.fma(x[ix + c], table[it + ids[from + i] * width + c], value);
                s[is + i] = add ? s[is + i] + value : value;
            }
        }
    }

    private static boolean anyEmpty(int[] ids, int at) {
        return (ids[at] | ids[at + 1] | ids[at + 2] | ids[at + 3] | ids[at + 4] | ids[at + 5] | ids[at + 6] | ids[at + 7]) < 0;
    }

    /** The dot product of x with a row, not yet added up: a sum for each lane, at {@code at}. */
    private static void dot(float[] x, int ix, float[] table, int it, int width, int row, float[] lanes, int at) {
        FloatVector sum = zero(F);
        if (row >= 0) {
            for (int i = 0; i <= width - L; i += L) sum = fromArray(F, x, ix + i).fma(fromArray(F, table, it + row * width + i), sum);
        }
        sum.intoArray(lanes, at);
    }

    /** The same sums as eight calls of {@link #dot}. */
    private static void eightDots(float[] x, int ix, float[] table, int it, int width, int[] ids, int p, float[] lanes, int at) {
        int r0 = it + ids[p] * width;
        int r1 = it + ids[p + 1] * width;
        int r2 = it + ids[p + 2] * width;
        int r3 = it + ids[p + 3] * width;
        int r4 = it + ids[p + 4] * width;
        int r5 = it + ids[p + 5] * width;
        int r6 = it + ids[p + 6] * width;
        int r7 = it + ids[p + 7] * width;
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        FloatVector s2 = zero(F);
        FloatVector s3 = zero(F);
        FloatVector s4 = zero(F);
        FloatVector s5 = zero(F);
        FloatVector s6 = zero(F);
        FloatVector s7 = zero(F);
        for (int i = 0; i <= width - L; i += L) {
            FloatVector v = fromArray(F, x, ix + i);
            s0 = v.fma(fromArray(F, table, r0 + i), s0);
            s1 = v.fma(fromArray(F, table, r1 + i), s1);
            s2 = v.fma(fromArray(F, table, r2 + i), s2);
            s3 = v.fma(fromArray(F, table, r3 + i), s3);
            s4 = v.fma(fromArray(F, table, r4 + i), s4);
            s5 = v.fma(fromArray(F, table, r5 + i), s5);
            s6 = v.fma(fromArray(F, table, r6 + i), s6);
            s7 = v.fma(fromArray(F, table, r7 + i), s7);
        }
        s0.intoArray(lanes, at);
        s1.intoArray(lanes, at + L);
        s2.intoArray(lanes, at + 2 * L);
        s3.intoArray(lanes, at + 3 * L);
        s4.intoArray(lanes, at + 4 * L);
        s5.intoArray(lanes, at + 5 * L);
        s6.intoArray(lanes, at + 6 * L);
        s7.intoArray(lanes, at + 7 * L);
    }

    /** Adds up the lanes of L vectors at once, each pairwise as {@link Runs#total} does: a total for each to the front of {@code totals}. */
    private static void totals(float[] lanes, int from, float[] totals) {
        Pack.transpose(L, L, lanes, from, L, totals, 0, L);
        for (int half = L / 2; half >= 1; half /= 2) {
            for (int i = 0; i < half; i++) fromArray(F, totals, i * L).add(fromArray(F, totals, (i + half) * L)).intoArray(totals, i * L);
        }
    }

    /** y = or += sum over the n places from {@code from} of weight[place] table[ids[place]]; weights null means all 1. */
    static void sum(float[] weights, int iw, float[] table, int it, int width, int[] ids, int from, int n, float[] y, int iy, boolean add) {
        if (!add) Arrays.fill(y, iy, iy + width, 0);
        int j = 0;
        for (; j + TOGETHER <= n; j += TOGETHER) {
            if (anyEmpty(ids, from + j)) {
                for (int i = j; i < j + TOGETHER; i++) addRow(weights, iw + i, table, it, width, ids[from + i], y, iy);
            } else {
                addEight(weights, iw + j, table, it, width, ids, from + j, y, iy);
            }
        }
        for (; j < n; j++) addRow(weights, iw + j, table, it, width, ids[from + j], y, iy);
    }

    private static void addRow(float[] weights, int iw, float[] table, int it, int width, int row, float[] y, int iy) {
        if (row >= 0) Runs.axpy(weight(weights, iw), table, it + row * width, y, iy, width);
    }

    private static float weight(float[] weights, int at) {
        return weights == null ? 1 : weights[at];
    }

    /** y += eight rows by their weights, added in that order. */
    private static void addEight(float[] weights, int iw, float[] table, int it, int width, int[] ids, int p, float[] y, int iy) {
        float w0 = weight(weights, iw);
        float w1 = weight(weights, iw + 1);
        float w2 = weight(weights, iw + 2);
        float w3 = weight(weights, iw + 3);
        float w4 = weight(weights, iw + 4);
        float w5 = weight(weights, iw + 5);
        float w6 = weight(weights, iw + 6);
        float w7 = weight(weights, iw + 7);
        FloatVector v0 = broadcast(F, w0);
        FloatVector v1 = broadcast(F, w1);
        FloatVector v2 = broadcast(F, w2);
        FloatVector v3 = broadcast(F, w3);
        FloatVector v4 = broadcast(F, w4);
        FloatVector v5 = broadcast(F, w5);
        FloatVector v6 = broadcast(F, w6);
        FloatVector v7 = broadcast(F, w7);
        int r0 = it + ids[p] * width;
        int r1 = it + ids[p + 1] * width;
        int r2 = it + ids[p + 2] * width;
        int r3 = it + ids[p + 3] * width;
        int r4 = it + ids[p + 4] * width;
        int r5 = it + ids[p + 5] * width;
        int r6 = it + ids[p + 6] * width;
        int r7 = it + ids[p + 7] * width;
        int i = 0;
        for (; i <= width - L; i += L) {
            FloatVector sum = v0.fma(fromArray(F, table, r0 + i), fromArray(F, y, iy + i));
            sum = v1.fma(fromArray(F, table, r1 + i), sum);
            sum = v2.fma(fromArray(F, table, r2 + i), sum);
            sum = v3.fma(fromArray(F, table, r3 + i), sum);
            sum = v4.fma(fromArray(F, table, r4 + i), sum);
            sum = v5.fma(fromArray(F, table, r5 + i), sum);
            sum = v6.fma(fromArray(F, table, r6 + i), sum);
            v7.fma(fromArray(F, table, r7 + i), sum).intoArray(y, iy + i);
        }
        for (; i < width; i++) {
            float sum = Math.fma(w0, table[r0 + i], y[iy + i]);
            sum = Math.fma(w1, table[r1 + i], sum);
            sum = Math.fma(w2, table[r2 + i], sum);
            sum = Math.fma(w3, table[r3 + i], sum);
            sum = Math.fma(w4, table[r4 + i], sum);
            sum = Math.fma(w5, table[r5 + i], sum);
            sum = Math.fma(w6, table[r6 + i], sum);
            y[iy + i] = Math.fma(w7, table[r7 + i], sum);
        }
    }
}
