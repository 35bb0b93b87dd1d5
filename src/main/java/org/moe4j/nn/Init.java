package org.moe4j.nn;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.RowStore;
import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/**
 * Makes parameters at a place in the model. Their random numbers are a function of the seed and the full name alone, so two
 * models of one seed that differ in one block agree in all others.
 *
 * <p>Layers that share parameters make them at the same {@link #shared} place: the first to ask gets a new one, the others the same.
 * All places that come from one {@code new Init} know each other's, so a model wants one of its own.
 */
public final class Init {
    private static final String SHARED = "shared";

    private final Backend on;
    private final long seed;
    private final String path;
    private final Map<String, Parameter> common;
    private final boolean sharing;
    private final boolean temporary;

    public Init(Backend on, long seed) {
        this(on, seed, "");
    }

    public Init(Backend on, long seed, String path) {
        this(on, seed, path, new HashMap<>(), false, false);
    }

    private Init(Backend on, long seed, String path, Map<String, Parameter> common, boolean sharing, boolean temporary) {
        this.on = on;
        this.seed = seed;
        this.path = path;
        this.common = common;
        this.sharing = sharing;
        this.temporary = temporary;
    }

    /** Where the parameters' memory is. */
    public Backend on() {
        return on;
    }

    /** The dotted name of the place, empty at the root. */
    public String path() {
        return path;
    }

    /** The place of a part. */
    public Init at(String part) {
        return new Init(on, seed, path.isEmpty() ? part : path + "." + part, common, sharing, temporary);
    }

    public Init at(int index) {
        return at(Integer.toString(index));
    }

    /** The place of what all layers of the model that ask for this name have in common: {@code shared.name}, wherever this place is. */
    public Init shared(String name) {
        return new Init(on, seed, SHARED + "." + name, common, true, temporary);
    }

    /** The random numbers that a parameter of this name here starts from. */
    public CounterRandom random(String name) {
        return CounterRandom.of(seed, at(name).path);
    }

    /** The same place, where stored tables lie in temporary files whatever their spec says: for copies of a model that has its own. */
    public Init withTemporaryStores() {
        return new Init(on, seed, path, common, sharing, true);
    }

    /** Normal numbers of mean 0. */
    public Parameter normal(String name, Shape shape, double deviation) {
        return make(name, Parameter.Kind.WEIGHT, shape, p -> on.normal(CounterRandom.of(seed, p.name()), deviation, p.data()));
    }

    /** Uniform numbers in [-bound, bound). */
    public Parameter uniform(String name, Shape shape, double bound) {
        return make(name, Parameter.Kind.WEIGHT, shape, p -> on.uniform(CounterRandom.of(seed, p.name()), -bound, bound, p.data()));
    }

    /** A table with row-sparse gradients, normal numbers of mean 0. */
    public Parameter table(String name, Shape shape, double deviation) {
        return table(name, shape, deviation, TableValues.FLOAT32);
    }

    /**
     * The same numbers, kept as {@code values} says.
     *
     * @throws InputException if the back end cannot keep them so
     */
    public Parameter table(String name, Shape shape, double deviation, TableValues values) {
        return make(name, Parameter.Kind.TABLE, shape, values, p -> on.normal(random(name), deviation, p.data()));
    }

    /**
     * A table that lies in a file, normal numbers of mean 0: the same numbers as {@link #table} gives.
     *
     * @param shape (rows, width)
     * @param folder of the file, which is named after the parameter; null for a temporary file
     * @throws InputException if the file cannot be made, or is of something else
     */
    public Parameter stored(String name, Shape shape, double deviation, Path folder) {
        String full = at(name).path;
        RowStore.Content content = new RowStore.Content(temporary ? null : folder, full, shape.dim(0), shape.dim(1), random(name), deviation);
        return new Parameter(full, Parameter.Kind.TABLE, new Tensor(shape, on.store(content)));
    }

    public Parameter zeros(String name, Shape shape) {
        return make(name, Parameter.Kind.WEIGHT, shape, p -> {});
    }

    public Parameter ones(String name, Shape shape) {
        return filled(name, shape, 1);
    }

    public Parameter filled(String name, Shape shape, double value) {
        return make(name, Parameter.Kind.WEIGHT, shape, p -> on.fill(p.data(), value));
    }

    /** A value that is kept with the weights and not trained. */
    public Parameter buffer(String name, Shape shape, double value) {
        return make(name, Parameter.Kind.BUFFER, shape, p -> on.fill(p.data(), value));
    }

    private Parameter make(String name, Parameter.Kind kind, Shape shape, Consumer<Parameter> start) {
        return make(name, kind, shape, TableValues.FLOAT32, start);
    }

    /** @throws InputException if the parameter is shared and the layer that made it wanted another shape or other values */
    private Parameter make(String name, Parameter.Kind kind, Shape shape, TableValues values, Consumer<Parameter> start) {
        String full = at(name).path;
        Parameter made = sharing ? common.get(full) : null;
        if (made == null) {
            CounterRandom rounding = values.atRandom() ? random(name + ".rounding") : null;
            made = new Parameter(full, kind, new Tensor(shape, on.allocate(shape.size(), values.type())), rounding);
            start.accept(made);
            if (sharing) {
                common.put(full, made);
            }
        } else if (!made.shape().equals(shape) || made.kind() != kind) {
            throw new InputException(full + " is " + made.shape() + " for one layer and " + shape + " for another; layers that share it want the same");
        } else if (made.data().type() != values.type() || (made.rounding() != null) != values.atRandom()) {
            throw new InputException(full + " is not kept as " + values + " by another layer; layers that share it want the same");
        }
        return made;
    }
}
