package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** A vector for each token of a vocabulary. */
public final class Embedding extends Module {
    private final Parameter weight;                                               // (V, D)

    /** Normal numbers of the given deviation. */
    public Embedding(int vocabulary, int dim, double deviation, Init init) {
        weight = own(init.normal("weight", Shape.of(vocabulary, dim), deviation));
    }

    /** (V, D); an output head may share it. */
    public Parameter weight() {
        return weight;
    }

    /** @return (tokens, D) */
    public Variable forward(Tape t, int[] tokens) {
        return t.embedding(weight, tokens, Shape.of(tokens.length));
    }
}
