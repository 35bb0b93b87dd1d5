package org.moe4j.autodiff;

import java.util.stream.IntStream;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/**
 * The gradient of a table: {@code values} (U, width) for the distinct, ascending {@code rows} (U) that were touched. Its memory
 * comes from the arena and is given back by {@link #release()}.
 */
public record RowGradient(int[] rows, int width, Storage values, Arena arena) {
    /** The sum of both, over the union of their rows; both are released. */
    RowGradient plus(Backend on, RowGradient other) {
        int[] union = IntStream.concat(IntStream.of(rows), IntStream.of(other.rows)).sorted().distinct().toArray();
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
