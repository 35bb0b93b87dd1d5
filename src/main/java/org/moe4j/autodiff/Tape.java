package org.moe4j.autodiff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import org.moe4j.autodiff.op.Operations;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;

/**
 * The list of operations that were run, walked backwards for gradients: append order is already topological. Everything
 * an operation makes lives until the tape closes; gradients of intermediate results only while they are needed.
 *
 * <pre>{@code
 * try (Tape t = new Tape(on, arena)) {
 *     Variable loss = t.mean(t.square(t.linear(x, w, b)));
 *     t.backward(loss);
 * }
 * }</pre>
 */
public final class Tape implements Operations, AutoCloseable {
    private final Backend on;
    private final Arena arena;
    private final boolean recording;
    private final List<Call> calls = new ArrayList<>();
    private final List<Storage> values = new ArrayList<>();
    private final List<IntStorage> numbers = new ArrayList<>();
    private final Set<Storage> gradients = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<IntStorage, RowIndex> indexes = new IdentityHashMap<>();
    private final List<Variable> views = new ArrayList<>();
    private Cost cost = Cost.NONE;

    /** A tape that records for backward, with memory from {@code arena}. */
    public Tape(Backend on, Arena arena) {
        this(on, arena, true);
    }

    /** @param recording false for evaluation: nothing wants a gradient */
    public Tape(Backend on, Arena arena, boolean recording) {
        this.on = on;
        this.arena = arena;
        this.recording = recording;
    }

    public Backend backend() {
        return on;
    }

    @Override
    public boolean recording() {
        return recording;
    }

    @Override
    public Variable constant(Shape shape, double... values) {
        Storage data = take(shape.size());
        data.write(0, values);
        return new Variable(new Tensor(shape, data), false);
    }

    @Override
    public Variable filled(Shape shape, double value) {
        Storage data = take(shape.size());
        on.fill(data, value);
        return new Variable(new Tensor(shape, data), false);
    }

    /** A value without gradient in memory of someone else's; also how a gradient is stopped. */
    public Variable constant(Tensor value) {
        return new Variable(value, false);
    }

    /** A value with a gradient in memory of someone else's: an input to differentiate by. */
    public Variable variable(Tensor value) {
        return new Variable(value, recording);
    }

    @Override
    public Variable run(Op op) {
        return runAll(op).getFirst();
    }

    @Override
    public List<Variable> runAll(Op op) {
        boolean wantsGrad = recording && op.inputs().stream().anyMatch(Variable::wantsGrad);
        List<Shape> shapes = op.outputs();
        Storage part = op.part(op.inputs().getFirst().data());
        if (part != null) {
            return List.of(new Variable(new Tensor(shapes.getFirst(), part), wantsGrad, op));
        }
        Variable[] outputs = new Variable[shapes.size()];
        for (int i = 0; i < outputs.length; i++) {
            Shape shape = shapes.get(i);
            outputs[i] = new Variable(new Tensor(shape, take(shape.size())), wantsGrad);
        }
        Call call = new Call(op, outputs, arena, this::rowIndex);
        op.forward(on, call);
        call.releaseScratch();
        cost = cost.plus(op.cost());
        if (wantsGrad) {
            calls.add(call);
        }
        return List.of(outputs);
    }

    /** Gradients of a scalar by every variable that wants one; parameters add to what they already have. */
    public void backward(Variable loss) {
        if (loss.shape().size() != 1) {
            throw new IllegalArgumentException("backward wants a scalar loss, this one is " + loss.shape());
        }
        seed(loss, one -> on.fill(one, 1));
        backward();
    }

    /** Gradients of {@code cotangent · y}, which has the shape of y and is where y is: nothing is sent to a device. */
    public void backward(Variable y, Tensor cotangent) {
        if (!cotangent.shape().equals(y.shape())) {
            throw new IllegalArgumentException("backward: the cotangent is " + cotangent.shape() + ", the output is " + y.shape());
        }
        if (y.wantsGrad()) {
            ensureGrad(y);
            on.axpy(1, cotangent.data(), y.dData());
        }
        backward();
    }

    /** Gradients of sum over i of {@code cotangents[i] · outputs[i]}. */
    public void backward(List<Variable> outputs, List<double[]> cotangents) {
        for (int i = 0; i < outputs.size(); i++) {
            double[] cotangent = cotangents.get(i);
            seed(outputs.get(i), seed -> seed.write(0, cotangent));
        }
        backward();
    }

    /** Adds what is written to the gradient of an output. */
    private void seed(Variable y, Consumer<Storage> write) {
        if (y.wantsGrad()) {
            ensureGrad(y);
            Storage seed = arena.take(y.shape().size());
            write.accept(seed);
            on.axpy(1, seed, y.dData());
            arena.give(seed);
        }
    }

    private void backward() {
        for (Call call : calls.reversed()) {
            if (reached(call)) {
                call.op.inputs().forEach(this::ensureGrad);
                call.op.backward(on, call);
                call.releaseScratch();
                for (Variable y : call.outputs) {
                    releaseGrad(y);
                }
            }
        }
        views.forEach(view -> view.setGrad(null));
        views.clear();
    }

    /** The sum over every operation that was run. */
    public Cost cost() {
        return cost;
    }

    /** The back end's bytes of everything the tape holds: results and what backward needs. */
    public long activationBytes() {
        return values.stream().mapToLong(Storage::size).sum() * on.bytesPerValue();
    }

    /** Gives all memory back; values made on this tape must not be read afterwards. */
    @Override
    public void close() {
        values.forEach(arena::give);
        values.clear();
        numbers.forEach(arena::giveInts);
        numbers.clear();
        gradients.forEach(arena::give);
        gradients.clear();
        calls.clear();
        indexes.clear();
    }

    @Override
    public IntStorage ints(int length) {
        IntStorage list = arena.takeInts(length);
        numbers.add(list);
        return list;
    }

    /** Of one list once: PEER reads two tables by one list. */
    private RowIndex rowIndex(IntStorage ids) {
        RowIndex index = indexes.get(ids);
        if (index == null) {
            index = on.rowIndex(ids, this::ints);
            indexes.put(ids, index);
        }
        return index;
    }

    private Storage take(long size) {
        Storage data = arena.take(size);
        values.add(data);
        return data;
    }

    private static boolean reached(Call call) {
        for (Variable y : call.outputs) {
            if (y.hasGrad()) {
                return true;
            }
        }
        return false;
    }

    /** Parameters keep their gradient between tapes, a view's is part of another's; that of anything else is the tape's. */
    private void ensureGrad(Variable x) {
        if (!x.wantsGrad() || x.hasGrad()) {
            return;
        }
        if (x.view() != null) {
            Variable whole = x.view().inputs().getFirst();
            ensureGrad(whole);
            if (x.shape().size() == whole.shape().size()) {
                x.shareGrad(whole);
            } else {
                x.setGrad(new Tensor(x.shape(), x.view().part(whole.dData())));
            }
            views.add(x);
        } else if (x instanceof Parameter p) {
            p.ensureGrad(on);
        } else {
            Storage memory = arena.take(x.shape().size());
            x.setZeroGrad(new Tensor(x.shape(), memory), on);
            gradients.add(memory);
        }
    }

    private void releaseGrad(Variable y) {
        if (y.hasGrad()) {
            Storage data = y.gradMemory();
            y.setGrad(null);
            gradients.remove(data);
            arena.give(data);
        }
    }
}
