package org.moe4j.autodiff;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Tensor;

/**
 * A variable that outlives the tape: a weight, or (not trained) a buffer such as a running mean. A table is a weight whose
 * gradient is kept by rows, so that its cost follows the rows touched and never the table: only the row-reading operations
 * (embedding, gather-dot, gather-sum) may use one.
 */
public final class Parameter extends Variable {
    /** How a parameter takes part in training. */
    public enum Kind { WEIGHT, TABLE, BUFFER }

    private final String name;
    private final Kind kind;
    private final CounterRandom rounding;
    private RowGradient rowGrad;
    private boolean sharesGrad;

    public Parameter(String name, Kind kind, Tensor value) {
        this(name, kind, value, null);
    }

    /** @param rounding the random numbers that changes of a bfloat16 table are rounded with; null for a rounding to the nearest, or none */
    public Parameter(String name, Kind kind, Tensor value, CounterRandom rounding) {
        super(value, kind != Kind.BUFFER);
        this.name = name;
        this.kind = kind;
        this.rounding = rounding;
    }

    /** The dotted path by which checkpoints know it, such as {@code layers.0.attention.query.weight}. */
    public String name() {
        return name;
    }

    public Kind kind() {
        return kind;
    }

    /** The random numbers that changes of a bfloat16 table are rounded with, at each step those {@link CounterRandom#at} it; null if not at random. */
    public CounterRandom rounding() {
        return rounding;
    }

    /** Freezes this, so that no gradient is worked out for it and what it had is forgotten, or lets it be trained again; a buffer never is. */
    public void setTrained(boolean trained) {
        setWantsGrad(trained && kind != Kind.BUFFER);
        if (!wantsGrad()) {
            setGrad(null);
        }
    }

    /**
     * Rows {@code from} and on along the first axis, by the same name: a parameter that shares this one's memory and gradient, for an
     * optimizer that is to leave the rows before them alone. Not of tables, whose rows have no lasting gradient.
     */
    public Parameter rowsFrom(Backend on, int from) {
        ensureGrad(on);
        int end = shape().dim(0);
        Parameter rows = new Parameter(name, kind, value().rows(from, end));
        rows.setGrad(grad().rows(from, end));
        sharesGrad = true;
        rows.sharesGrad = true;
        return rows;
    }

    /** Whether gradients are kept by rows. */
    public boolean isTable() {
        return kind == Kind.TABLE;
    }

    /** The gradient of a table; null where no row was touched. */
    public RowGradient rowGrad() {
        return rowGrad;
    }

    /** Adds gradient rows; takes over {@code contribution}. */
    void addRows(RowGradient contribution) {
        rowGrad = rowGrad == null ? contribution : rowGrad.plus(contribution);
    }

    /** Gives a weight that no gradient has reached yet one of zero; a table's stays null, for no row. */
    public void ensureGrad(Backend on) {
        if (!hasGrad() && kind == Kind.WEIGHT) {
            setGrad(new Tensor(shape(), on.allocate(shape().size())));
        }
    }

    @Override
    public double[] gradientToDoubles() {
        double[] dense = super.gradientToDoubles();
        if (rowGrad != null) {
            double[] row = new double[rowGrad.width()];
            int[] rows = rowGrad.rows().toArray();
            for (int u = 0; u < rows.length && rows[u] >= 0; u++) {
                rowGrad.values().read((long) u * row.length, row);
                System.arraycopy(row, 0, dense, rows[u] * row.length, row.length);
            }
        }
        return dense;
    }

    /** Forgets the gradient: a dense one is zero from now on, the rows of a table's are given back. */
    public void clearGrad(Backend on) {
        if (hasGrad() && sharesGrad) {
            on.fill(dData(), 0);                                                  // who shares the memory would not know
        } else if (hasGrad()) {
            setZeroGrad(new Tensor(shape(), gradMemory()), on);
        }
        if (rowGrad != null) {
            rowGrad.release();
            rowGrad = null;
        }
    }

    @Override
    public String toString() {
        return name + shape();
    }
}
