package org.moe4j.autodiff;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;

/** What one run of an operation works on: its outputs, their gradients, and scratch memory that is gone when it returns. */
public final class Call {
    final Op op;
    final Variable[] outputs;
    private final Arena arena;
    private final Function<IntStorage, RowIndex> indexes;
    private final List<Storage> scratch = new ArrayList<>();
    private final List<IntStorage> scratchInts = new ArrayList<>();

    /** @param indexes the rows that a list touches */
    Call(Op op, Variable[] outputs, Arena arena, Function<IntStorage, RowIndex> indexes) {
        this.op = op;
        this.outputs = outputs;
        this.arena = arena;
        this.indexes = indexes;
    }

    /** The memory of the result. */
    public Storage y() {
        return outputs[0].data();
    }

    /** The memory of output {@code i}. */
    public Storage y(int i) {
        return outputs[i].data();
    }

    /** The gradient of the result; null if none flowed to it (only possible with several outputs). */
    public Storage dy() {
        return dy(0);
    }

    /** The gradient of output {@code i}; null if none flowed to it. */
    public Storage dy(int i) {
        return !outputs[i].hasGrad() ? null : outputs[i].dData();
    }

    /** Memory for the length of this call, with whatever it last held. */
    public Storage scratch(long size) {
        Storage x = arena.take(size);
        scratch.add(x);
        return x;
    }

    /** Memory for whole numbers for the length of this call. */
    public IntStorage scratchInts(int length) {
        IntStorage x = arena.takeInts(length);
        scratchInts.add(x);
        return x;
    }

    /**
     * Adds to the gradient of {@code table} (N, width) what its rows {@code ids} take part in: coefficients[p] source[p / perRow] at
     * row ids[p]. A table parameter keeps the rows alone; any other variable has them scattered into its dense gradient.
     *
     * @param coefficients one for each place, or null for all 1
     * @param source (ids.length() / perRow, width)
     */
    public void addRowGradient(Backend on, Variable table, IntStorage ids, Storage coefficients, Storage source, int perRow) {
        int width = table.shape().columns();
        RowIndex index = indexes.apply(ids);
        RowSums sums = new RowSums(index, coefficients, source, perRow, width);
        if (table instanceof Parameter p && p.isTable()) {
            p.addRows(RowGradient.of(on, sums, arena));
        } else {
            boolean add = table.addsToGrad();
            on.tableGradient(sums, table.dData(), add, scratch(sums.size()));
        }
    }

    void releaseScratch() {
        scratch.forEach(arena::give);
        scratch.clear();
        scratchInts.forEach(arena::giveInts);
        scratchInts.clear();
    }
}
