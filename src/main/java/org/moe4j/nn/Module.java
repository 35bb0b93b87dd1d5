package org.moe4j.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.moe4j.autodiff.Parameter;

/** A part of a model: its own parameters and those of its parts, in the order they were made. */
public abstract class Module {
    private final List<Parameter> parameters = new ArrayList<>();

    /** Every parameter, buffers included. */
    public final List<Parameter> parameters() {
        return Collections.unmodifiableList(parameters);
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
