package org.moe4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** A parameter that is fed gradients by hand. */
record Fed(Backend on, Arena arena, Parameter parameter) {
    static Fed weight(Backend on, String name, Shape shape, double... values) {
        return of(on, name, Parameter.Kind.WEIGHT, shape, values);
    }

    static Fed table(Backend on, String name, Shape shape, double... values) {
        return of(on, name, Parameter.Kind.TABLE, shape, values);
    }

    private static Fed of(Backend on, String name, Parameter.Kind kind, Shape shape, double... values) {
        Tensor value = new Tensor(shape, on.allocate(shape.size()));
        value.data().write(0, values);
        return new Fed(on, new Arena(on), new Parameter(name, kind, value));
    }

    /** Adds a dense gradient. */
    void feed(double... gradient) {
        try (Tape t = new Tape(on, arena)) {
            t.backward(List.of(parameter), List.of(gradient));
        }
    }

    /** Adds gradient rows. */
    void feedRows(int[] rows, double... gradient) {
        try (Tape t = new Tape(on, arena)) {
            t.backward(List.of(t.embedding(parameter, rows, Shape.of(rows.length))), List.of(gradient));
        }
    }

    /** Adds the same gradient to a weight, or by rows to a table. */
    void feedAll(double... gradient) {
        if (parameter.isTable()) {
            feedRows(IntStream.range(0, parameter.shape().rows()).toArray(), gradient);
        } else {
            feed(gradient);
        }
    }

    void clear() {
        parameter.clearGrad(on);
    }

    double[] values() {
        return parameter.value().toDoubles();
    }

    /** Normal numbers that are exact in float32. */
    static double[] normal(int n, long seed) {
        CounterRandom random = CounterRandom.of(seed, "fed");
        double[] x = new double[n];
        Arrays.setAll(x, i -> (float) random.normal(i));
        return x;
    }
}
