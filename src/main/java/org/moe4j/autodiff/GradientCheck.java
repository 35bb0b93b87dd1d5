package org.moe4j.autodiff;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/**
 * Compares gradients with central differences: for a scalar L = sum of random cotangents times outputs, dL/dp against
 * (L(p + h) - L(p - h)) / 2h for every entry of every parameter. Works on any back end; float32 allows a coarse look only
 * (h is 1e-5 in float64, 1e-2 in float32). For a new operation or layer:
 *
 * <pre>{@code
 * Parameter x = GradientCheck.point(on, "x", random, 3, 5);
 * GradientCheck.Result worst = GradientCheck.of(on, List.of(x), t -> List.of(t.gelu(x)), 1);
 * assert worst.error() < 1e-6 : worst;
 * }</pre>
 */
public final class GradientCheck {
    private final Backend on;
    private final Arena arena;
    private final List<Parameter> parameters;
    private final Function<Tape, List<Variable>> function;
    private final double step;

    /**
     * The entry where the two differ most.
     *
     * @param error |analytic - numeric| over the largest of 1 and both magnitudes
     * @param parameter the parameter's name; null if there is no entry to compare
     * @param entry the entry in row-major order
     */
    public record Result(double error, String parameter, long entry, double analytic, double numeric) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s[%d]: gradient %.10g, central difference %.10g, error %.3g", parameter, entry, analytic, numeric, error);
        }
    }

    private GradientCheck(Backend on, List<Parameter> parameters, Function<Tape, List<Variable>> function) {
        this.on = on;
        this.arena = new Arena(on);
        this.parameters = parameters.stream().filter(Variable::wantsGrad).toList();
        this.function = function;
        this.step = on.bytesPerValue() == Double.BYTES ? 1e-5 : 1e-2;
    }

    /**
     * The worst entry of all parameters (buffers are left out). What gradient they had is cleared; their values are as before.
     *
     * @param function runs the same operations on any tape and gives every output that is to be differentiated
     * @param seed of the cotangents
     */
    public static Result of(Backend on, List<Parameter> parameters, Function<Tape, List<Variable>> function, long seed) {
        return new GradientCheck(on, parameters, function).worst(CounterRandom.of(seed, "cotangents"));
    }

    /**
     * A parameter at a random point that is kept from kinks: magnitudes in 0.1 .. 2 with either sign, no two of them close, so that ReLU,
     * top-k and the like are differentiable around it.
     */
    public static Parameter point(Backend on, String name, CounterRandom random, int... dims) {
        Shape shape = Shape.of(dims);
        int n = Math.toIntExact(shape.size());
        CounterRandom own = CounterRandom.of(random.key(), name);
        int[] order = new int[n];
        for (int i = 0; i < n; i++) { // a random order, built up by insertion
            int j = own.below(2L * n + i, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        Parameter p = new Parameter(name, Parameter.Kind.WEIGHT, new Tensor(shape, on.allocate(n)));
        for (int i = 0; i < n; i++) {
            double magnitude = 0.1 + 1.9 * (order[i] + 0.25 + 0.5 * own.uniform(i)) / n;
            p.data().set(i, own.uniform((long) n + i) < 0.5 ? -magnitude : magnitude);
        }
        return p;
    }

    private Result worst(CounterRandom random) {
        double[][] cotangents;
        double[][] gradients;
        parameters.forEach(p -> p.clearGrad(on));
        try (Tape t = new Tape(on, arena)) {
            List<Variable> outputs = function.apply(t);
            cotangents = new double[outputs.size()][];
            for (int i = 0; i < cotangents.length; i++) {
                CounterRandom own = random.at(i);
                cotangents[i] = new double[Math.toIntExact(outputs.get(i).shape().size())];
                Arrays.setAll(cotangents[i], own::normal);
            }
            t.backward(outputs, List.of(cotangents));
            gradients = parameters.stream().map(Variable::gradientToDoubles).toArray(double[][]::new);
        }
        parameters.forEach(p -> p.clearGrad(on));
        Result worst = new Result(0, null, 0, 0, 0);
        for (int i = 0; i < gradients.length; i++) {
            for (int entry = 0; entry < gradients[i].length; entry++) {
                Result result = compare(parameters.get(i), entry, gradients[i][entry], cotangents);
                // not "greater": a NaN is the worst there is
                worst = worst.parameter == null || !(result.error <= worst.error) ? result : worst;
            }
        }
        return worst;
    }

    private Result compare(Parameter p, int entry, double analytic, double[][] cotangents) {
        double value = p.data().get(entry);
        p.data().set(entry, value + step);
        double up = p.data().get(entry);
        double above = objective(cotangents);
        p.data().set(entry, value - step);
        double down = p.data().get(entry);
        double below = objective(cotangents);
        p.data().set(entry, value);
        double numeric = (above - below) / (up - down);
        double error = Math.abs(analytic - numeric) / Math.max(1, Math.max(Math.abs(analytic), Math.abs(numeric)));
        return new Result(error, p.name(), entry, analytic, numeric);
    }

    private double objective(double[][] cotangents) {
        try (Tape t = new Tape(on, arena, false)) {
            List<Variable> outputs = function.apply(t);
            double sum = 0;
            for (int i = 0; i < cotangents.length; i++) {
                double[] y = outputs.get(i).value().toDoubles();
                for (int j = 0; j < y.length; j++) {
                    sum += cotangents[i][j] * y[j];
                }
            }
            return sum;
        }
    }
}
