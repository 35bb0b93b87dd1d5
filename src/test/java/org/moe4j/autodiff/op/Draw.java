package org.moe4j.autodiff.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Tensor;

/** Random sizes, points and row numbers for one case; remembers the points. */
final class Draw {
    /** Something to differentiate, and by what. */
    record Problem(List<Parameter> points, Function<Tape, List<Variable>> operation) {
        /** The outputs, and each point passed on by another operation: its gradient is lost if the one checked doesn't add. */
        List<Variable> outputs(Tape t) {
            List<Variable> all = new ArrayList<>(operation.apply(t));
            for (Parameter p : points) {
                all.add(p.isTable() ? t.gatherRows(p, new int[] {0}) : t.scale(p, 0.5));
            }
            return all;
        }
    }

    private final Backend on;
    private final CounterRandom values;
    private final Random random;
    private final List<Parameter> points = new ArrayList<>();

    Draw(Backend on, long seed) {
        this.on = on;
        this.values = CounterRandom.of(seed, "points");
        this.random = new Random(seed);
    }

    Problem output(Function<Tape, Variable> output) {
        return outputs(t -> List.of(output.apply(t)));
    }

    Problem outputs(Function<Tape, List<Variable>> outputs) {
        return new Problem(List.copyOf(points), outputs);
    }

    /** 1 to 5, so that odd sizes and single rows are common. */
    int size() {
        return below(5) + 1;
    }

    /** 0 to 5, rarely 0. */
    int sizeOrEmpty() {
        return below(8) == 0 ? 0 : size();
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean coin() {
        return random.nextBoolean();
    }

    <T> T oneOf(List<T> choices) {
        return choices.get(below(choices.size()));
    }

    /** Up to four axes. */
    int[] dims() {
        int[] dims = new int[below(5)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = sizeOrEmpty();
        }
        return dims;
    }

    Parameter point(int... dims) {
        Parameter p = GradientCheck.point(on, "x" + points.size(), values, dims);
        points.add(p);
        return p;
    }

    Parameter positive(int... dims) {
        Parameter p = point(dims);
        for (int i = 0; i < p.data().size(); i++) {
            p.data().set(i, Math.abs(p.data().get(i)));
        }
        return p;
    }

    /** A point on multiples of 0.01, shifted: two points of different shifts have no value in common. */
    Parameter onGrid(double shift, int... dims) {
        Parameter p = point(dims);
        for (int i = 0; i < p.data().size(); i++) {
            p.data().set(i, Math.rint(p.data().get(i) * 100) / 100 + shift);
        }
        return p;
    }

    /** A point with row-sparse or dense gradients. */
    Parameter table(int rows, int width) {
        Parameter dense = GradientCheck.point(on, "table", values, rows, width);
        Parameter p = new Parameter("table", coin() ? Parameter.Kind.TABLE : Parameter.Kind.WEIGHT, new Tensor(dense.shape(), dense.data()));
        points.add(p);
        return p;
    }

    /** Row numbers below the limit, some repeated, some slots empty. */
    int[] ids(int count, int limit) {
        return random.ints(count, 0, limit).map(id -> below(6) == 0 ? -1 : id).toArray();
    }

    /** Starts of groups that divide the rows among the experts, some with none. */
    int[] starts(int rows, int experts) {
        int[] starts = random.ints(experts + 1L, 0, rows + 1).sorted().toArray();
        starts[0] = 0;
        starts[experts] = rows;
        return starts;
    }
}
