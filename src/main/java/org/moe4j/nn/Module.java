package org.moe4j.nn;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

import org.moe4j.autodiff.Parameter;

/** A part of a model: its own parameters and those of its parts, in the order they were made; one that several parts share stands once. */
public abstract class Module {
    private final SequencedSet<Parameter> parameters = new LinkedHashSet<>();

    /** Every parameter, buffers included. */
    public final List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    protected final Parameter own(Parameter parameter) {
        parameters.add(parameter);
        return parameter;
    }

    protected final <M extends Module> M part(M module) {
        parameters.addAll(module.parameters());
        return module;
    }
}
