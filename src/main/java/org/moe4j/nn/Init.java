package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/**
 * Makes parameters at a place in the model. Their random numbers are a function of the seed and the full name alone, so two
 * models of one seed that differ in one block agree in all others.
 *
 * @param path the dotted name of the place, empty at the root
 */
public record Init(Backend on, long seed, String path) {
    public Init(Backend on, long seed) {
        this(on, seed, "");
    }

    /** The place of a part. */
    public Init at(String part) {
        return new Init(on, seed, path.isEmpty() ? part : path + "." + part);
    }

    public Init at(int index) {
        return at(Integer.toString(index));
    }

    /** Normal numbers of mean 0. */
    public Parameter normal(String name, Shape shape, double deviation) {
        return normal(name, Parameter.Kind.WEIGHT, shape, deviation);
    }

    /** Uniform numbers in [-bound, bound). */
    public Parameter uniform(String name, Shape shape, double bound) {
        Parameter p = zeros(name, shape);
        on.uniform(CounterRandom.of(seed, p.name()), -bound, bound, p.data());
        return p;
    }

    /** A table with row-sparse gradients, normal numbers of mean 0. */
    public Parameter table(String name, Shape shape, double deviation) {
        return normal(name, Parameter.Kind.TABLE, shape, deviation);
    }

    public Parameter zeros(String name, Shape shape) {
        return make(name, Parameter.Kind.WEIGHT, shape);
    }

    public Parameter ones(String name, Shape shape) {
        Parameter p = zeros(name, shape);
        on.fill(p.data(), 1);
        return p;
    }

    /** A value that is kept with the weights and not trained. */
    public Parameter buffer(String name, Shape shape, double value) {
        Parameter p = make(name, Parameter.Kind.BUFFER, shape);
        on.fill(p.data(), value);
        return p;
    }

    private Parameter normal(String name, Parameter.Kind kind, Shape shape, double deviation) {
        Parameter p = make(name, kind, shape);
        on.normal(CounterRandom.of(seed, p.name()), deviation, p.data());
        return p;
    }

    private Parameter make(String name, Parameter.Kind kind, Shape shape) {
        return new Parameter(at(name).path, kind, new Tensor(shape, on.allocate(shape.size())));
    }
}
