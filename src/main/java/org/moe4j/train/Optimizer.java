package org.moe4j.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.RowGradient;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.StoredValues;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.Tensor;

/**
 * Changes parameters by their gradients. A dense weight that no gradient reached is updated with a gradient of zero (its
 * moments decay, weight decay applies). Of a table only the rows with a gradient are touched, in value and state: the
 * others stay as they are to the last bit, and what a step costs follows the rows touched, never the table. Buffers are
 * left out.
 *
 * <p>A step uses the gradients up: their values are overwritten.
 */
public abstract class Optimizer {
    private static final int RUN = 1 << 20; // values updated at once: what bounds the scratch memory

    final Backend on;
    /** Scratch memory, given back within the step. */
    final Arena arena;
    private final List<Slot> slots = new ArrayList<>();
    private long steps;

    /** A parameter and what is kept for it between steps. */
    record Slot(Parameter parameter, SequencedMap<String, Tensor> state) {
        Storage state(String name) {
            return state.get(name).data();
        }
    }

    /** The same part of a parameter, its gradient and its state. */
    record Run(Storage p, Storage g, Map<String, Storage> state) {
        Storage state(String name) {
            return state.get(name);
        }
    }

    Optimizer(Backend on, List<Parameter> parameters, OptimizerSpec spec) {
        this.on = on;
        this.arena = new Arena(on);
        for (Parameter p : parameters) {
            if (p.kind() != Parameter.Kind.BUFFER) {
                slots.add(new Slot(p, state(p, spec.state(p.shape()))));
            }
        }
    }

    /** What is kept for each value of a table that lies in a file lies in a file too; of a bfloat16 table, it is bfloat16. */
    private SequencedMap<String, Tensor> state(Parameter p, SequencedMap<String, Shape> shapes) {
        int alike = p.data() instanceof StoredValues ? 0 : Collections.frequency(shapes.values(), p.shape());
        Iterator<Storage> beside = on.allocate(alike, p.shape().size(), p.data().type()).iterator();
        SequencedMap<String, Tensor> state = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            Storage data = !shape.equals(p.shape()) ? on.allocate(shape.size())
                : p.data() instanceof StoredValues stored ? stored.store().beside(name).values() : beside.next();
            state.put(name, new Tensor(shape, data));
        });
        return state;
    }

    /**
     * How what this step changes of a table is rounded; null if to the nearest, or not at all.
     *
     * @param kept 0 for the table itself, from 1 on for what is kept beside it
     */
    final StochasticRounding rounding(Parameter p, int kept) {
        return p.rounding() == null ? null : StochasticRounding.of(p.rounding().at(steps).at(kept));
    }

    /** Updates every parameter from its gradient, which is used up. */
    public final void step(double learningRate) {
        steps++;
        for (Slot slot : slots) {
            Parameter p = slot.parameter();
            if (!p.isTable()) {
                p.ensureGrad(on);
                update(slot, learningRate);
            } else if (p.rowGrad() != null) {
                update(slot, learningRate);
            }
        }
    }

    /** Updates one parameter; that of a table, its rows in {@link Parameter#rowGrad()}. */
    abstract void update(Slot slot, double learningRate);

    /** Steps taken so far, the current one included. */
    public final long steps() {
        return steps;
    }

    /** Goes on after this many steps; the state is restored by writing to {@link #state()}. */
    public final void continueFrom(long steps) {
        this.steps = steps;
    }

    /** Everything kept between steps but their number, as "parameter.name" such as {@code layers.0.query.weight.m}. */
    public final Map<String, Tensor> state() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        for (Slot slot : slots) {
            slot.state().forEach((name, value) -> all.put(slot.parameter().name() + "." + name, value));
        }
        return Collections.unmodifiableMap(all);
    }

    /** Goes over all of a dense weight, in runs that lie together in memory, or over the touched rows of a table, brought together. */
    final void forEachRun(Slot slot, Consumer<Run> update) {
        Parameter p = slot.parameter();
        if (p.isTable()) {
            RowGradient g = p.rowGrad();
            boolean inMemory = p.data().inMemory();
            IntStorage rows = inMemory ? g.rows() : IntStorage.of(g.rows().toArray());
            int most = inMemory ? Math.max(1, RUN / g.width()) : 1;                      // a row in a file is an expert
            for (int from = 0; from < rows.length(); from += most) {
                int count = Math.min(most, rows.length() - from);
                updateRows(slot, rows.slice(from, count), g.width(), g.values().slice((long) from * g.width(), (long) count * g.width()), update);
            }
            return;
        }
        Storage g = p.dData();
        for (long from = 0; from < g.size(); from += RUN) {
            long at = from;
            long size = Math.min(RUN, g.size() - from);
            Map<String, Storage> state = new LinkedHashMap<>();
            slot.state().forEach((name, kept) -> state.put(name, kept.data().slice(at, size)));
            update.accept(new Run(p.data().slice(at, size), g.slice(at, size), state));
        }
    }

    /** Brings rows in from the table and what is kept for it, updates them, and puts them back; empty ones are not. */
    private void updateRows(Slot slot, IntStorage rows, int width, Storage g, Consumer<Run> update) {
        Map<String, Storage> state = new LinkedHashMap<>();
        slot.state().forEach((name, kept) -> state.put(name, rowsOf(kept.data(), width, rows)));
        Run run = new Run(rowsOf(slot.parameter().data(), width, rows), g, state);
        update.accept(run);
        putRows(run.p(), width, rows, rounding(slot.parameter(), 0), slot.parameter().data());
        int kept = 0;
        for (Map.Entry<String, Storage> values : state.entrySet()) {
            putRows(values.getValue(), width, rows, rounding(slot.parameter(), ++kept), slot.state(values.getKey()));
        }
    }

    /** Memory with some rows of a table, zeros for empty ones. */
    final Storage rowsOf(Storage table, int width, IntStorage rows) {
        Storage x = arena.take((long) rows.length() * width);
        on.gatherRows(table, width, rows, x);
        return x;
    }

    /** Writes rows of a table and gives their memory back. */
    final void putRows(Storage x, int width, IntStorage rows, StochasticRounding rounding, Storage table) {
        on.scatterRows(x, width, rows, rounding, table);
        arena.give(x);
    }

    /** y = x / (sqrt(v) + eps). */
    final void divideByRoot(Storage x, Storage v, double eps, Storage y) {
        Storage root = arena.take(v.size());
        on.unary(Unary.SQRT, v, y);
        on.unary(Unary.affine(1, eps), y, root);
        binary(Binary.DIVIDE, x, root, y);
        arena.give(root);
    }

    /** y = f(a, b), value by value. */
    final void binary(Binary f, Storage a, Storage b, Storage y) {
        on.binary(f, new int[] {Math.toIntExact(y.size())}, Strided.of(a), Strided.of(b), y);
    }

    /** The state of an optimizer that keeps, under each of these names, one value for each of the parameter's. */
    static SequencedMap<String, Shape> elementwise(Shape parameter, String... names) {
        SequencedMap<String, Shape> state = new LinkedHashMap<>();
        for (String name : names) {
            state.put(name, parameter);
        }
        return state;
    }
}
