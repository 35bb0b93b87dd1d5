package org.moe4j.autodiff;

import java.util.Arrays;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/**
 * The gradient of a table: {@code values} (U, width) for the distinct, ascending {@code rows} (U) that were touched. Its memory
 * comes from the arena and is given back by {@link #release()}.
 */
public record RowGradient(int[] rows, int width, Storage values, Arena arena) {
    /** The sum of both, over the union of their rows; both are released. */
    RowGradient plus(Backend on, RowGradient other) {
        int[] union = union(rows, other.rows);
        Storage sum = arena.takeZero((long) union.length * width);
        on.scatterAddRows(values, width, places(union, rows), sum);
        on.scatterAddRows(other.values, width, places(union, other.rows), sum);
        release();
        other.release();
        return new RowGradient(union, width, sum, arena);
    }

    void release() {
        arena.give(values);
    }

    /** What is in either of two ascending lists, ascending. */
    private static int[] union(int[] a, int[] b) {
        int[] union = new int[a.length + b.length];
        int n = 0;
        for (int i = 0, j = 0; i < a.length || j < b.length; n++) {
            union[n] = j == b.length || i < a.length && a[i] <= b[j] ? a[i] : b[j];
            i += i < a.length && a[i] == union[n] ? 1 : 0;
            j += j < b.length && b[j] == union[n] ? 1 : 0;
        }
        return Arrays.copyOf(union, n);
    }

    private static int[] places(int[] union, int[] rows) {
        int[] places = new int[rows.length];
        for (int i = 0, u = 0; i < rows.length; i++) {
            while (union[u] != rows[i]) {
                u++;
            }
            places[i] = u;
        }
        return places;
    }
}
