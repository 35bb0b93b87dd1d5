package org.moe4j.autodiff;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;

/**
 * The gradient of a table: {@code values} (U, width) for the distinct, ascending {@code rows} (U) that were touched. On a device the last
 * rows may be -1, with values of 0. Its memory comes from the arena and is given back by {@link #release()}.
 */
public record RowGradient(IntStorage rows, int width, Storage values, Arena arena) {
    /** Takes over the values, not the list. */
    static RowGradient of(Backend on, IntStorage rows, int width, Storage values, Arena arena) {
        IntStorage own = arena.takeInts(rows.length());
        copy(on, rows, own);
        return new RowGradient(own, width, values, arena);
    }

    /** The sum of both, over the union of their rows; both are released. */
    RowGradient plus(Backend on, RowGradient other) {
        int mine = rows.length();
        int theirs = other.rows.length();
        IntStorage ids = arena.takeInts(mine + theirs);
        Storage both = arena.take((long) ids.length() * width);
        copy(on, rows, ids.slice(0, mine));
        copy(on, other.rows, ids.slice(mine, theirs));
        on.copy(values, both.slice(0, values.size()));
        on.copy(other.values, both.slice(values.size(), other.values.size()));
        release();
        other.release();
        List<IntStorage> taken = new ArrayList<>();
        RowIndex union = on.rowIndex(ids, length -> {
            taken.add(arena.takeInts(length));
            return taken.getLast();
        });
        Storage sum = arena.take((long) union.count() * width);
        on.rowGradient(union, null, both, 1, width, sum, false);
        RowGradient result = of(on, union.rows(), width, sum, arena);
        taken.forEach(arena::giveInts);
        arena.giveInts(ids);
        arena.give(both);
        return result;
    }

    void release() {
        arena.giveInts(rows);
        arena.give(values);
    }

    private static void copy(Backend on, IntStorage from, IntStorage to) {
        on.copyInts(new int[] {from.length()}, from, new int[] {1}, to);
    }
}
