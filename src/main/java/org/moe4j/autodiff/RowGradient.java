package org.moe4j.autodiff;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;

/**
 * The gradient of a table: {@link #values} (U, width) for the distinct, ascending {@link #rows} (U) that were touched. On a device the last
 * rows may be -1, with values of 0. Its memory comes from the arena and is given back by {@link #release()}.
 *
 * <p>Where each token reads many rows, the values are sums of products with few vectors, and stay that until somebody asks for them: their
 * norm, clipping by it and Adam do not, which saves writing and reading as many rows as the step touches. On a device they are written.
 */
public final class RowGradient {
    private final Backend on;
    private final Arena arena;
    private final IntStorage rows;
    private final int width;
    private RowSums sums;                                                         // null once added up, and its memory is given back
    private Storage values;                                                       // null until then

    private RowGradient(Backend on, Arena arena, IntStorage rows, int width, RowSums sums, Storage values) {
        this.on = on;
        this.arena = arena;
        this.rows = rows;
        this.width = width;
        this.sums = sums;
        this.values = values;
    }

    /** Copies what it keeps. */
    static RowGradient of(Backend on, RowSums sums, Arena arena) {
        RowIndex index = sums.index();
        IntStorage rows = copy(on, index.rows(), arena);
        if (sums.perRow() == 1 || sums.coefficients() == null || !index.isCounted()) {
            Storage values = arena.take(sums.size());
            on.rowGradient(sums, values, false);
            return new RowGradient(on, arena, rows, sums.width(), null, values);
        }
        RowIndex own = new RowIndex(rows, copy(on, index.starts(), arena), copy(on, index.order(), arena));
        RowSums kept = new RowSums(own, copy(on, sums.coefficients(), arena), copy(on, sums.source(), arena), sums.perRow(), sums.width());
        return new RowGradient(on, arena, rows, sums.width(), kept, null);
    }

    public IntStorage rows() {
        return rows;
    }

    /** How many rows were touched, those that are -1 left out: a device is waited for. */
    public int count() {
        int[] touched = rows.toArray();
        int count = touched.length;
        while (count > 0 && touched[count - 1] < 0) {
            count--;
        }
        return count;
    }

    public int width() {
        return width;
    }

    /** Whether the values have been written; if not, {@link #values} does. */
    public boolean isAddedUp() {
        return values != null;
    }

    /** The values, to be read or overwritten. */
    public Storage values() {
        if (values == null) {
            values = arena.take(sums.size());
            on.rowGradient(sums, values, false);
            releaseSums();
        }
        return values;
    }

    /** Of all values, accumulated in float64; not finite if one isn't. */
    public double sumOfSquares() {
        return values == null ? on.sumOfSquares(sums) : on.sumOfSquares(values);
    }

    /** Multiplies all values by {@code factor}. */
    public void scale(double factor) {
        on.scale(factor, values == null ? sums.coefficients() : values);
    }

    /** One Adam step of the rows of a table and of its moments. */
    public void adam(AdamStep step, Storage table, Storage m, Storage v) {
        if (values == null) {
            on.adamRows(step, sums, table, m, v);
        } else {
            on.adamRows(step, rows, width, table, values, m, v);
        }
    }

    /** The sum of both, over the union of their rows; both are released. */
    RowGradient plus(RowGradient other) {
        int mine = rows.length();
        int theirs = other.rows.length();
        IntStorage ids = arena.takeInts(mine + theirs);
        Storage both = arena.take((long) ids.length() * width);
        copy(on, rows, ids.slice(0, mine));
        copy(on, other.rows, ids.slice(mine, theirs));
        long size = values().size();
        on.copy(values, both.slice(0, size));
        on.copy(other.values(), both.slice(size, both.size() - size));
        release();
        other.release();
        List<IntStorage> taken = new ArrayList<>();
        RowIndex union = on.rowIndex(ids, length -> {
            taken.add(arena.takeInts(length));
            return taken.getLast();
        });
        RowGradient result = of(on, new RowSums(union, null, both, 1, width), arena);
        taken.forEach(arena::giveInts);
        arena.giveInts(ids);
        arena.give(both);
        return result;
    }

    void release() {
        arena.giveInts(rows);
        if (values != null) {
            arena.give(values);
        } else {
            releaseSums();
        }
    }

    private void releaseSums() {
        arena.giveInts(sums.index().starts());
        arena.giveInts(sums.index().order());
        arena.give(sums.coefficients());
        arena.give(sums.source());
        sums = null;
    }

    private static Storage copy(Backend on, Storage from, Arena arena) {
        Storage to = arena.take(from.size());
        on.copy(from, to);
        return to;
    }

    private static IntStorage copy(Backend on, IntStorage from, Arena arena) {
        IntStorage to = arena.takeInts(from.length());
        copy(on, from, to);
        return to;
    }

    private static void copy(Backend on, IntStorage from, IntStorage to) {
        on.copyInts(new int[] {from.length()}, from, new int[] {1}, to);
    }
}
