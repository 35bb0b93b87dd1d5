package org.moe4j.nn;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** y = x weightᵀ + bias. */
public final class Linear extends Module {
    private final Parameter weight;                                               // (out, in)
    private final Parameter bias;                                                 // (out), or null

    /** Starts with normal numbers of variance 1 / in, and a bias of 0. */
    public Linear(int in, int out, boolean bias, Init init) {
        this.weight = own(init.normal("weight", Shape.of(out, in), 1 / Math.sqrt(in)));
        this.bias = bias ? own(init.zeros("bias", Shape.of(out))) : null;
    }

    private Linear(Parameter weight, Parameter bias) {
        this.weight = own(weight);
        this.bias = bias == null ? null : own(bias);
    }

    /** Starts with uniform numbers in [-bound, bound), the bias too. */
    public static Linear uniform(int in, int out, boolean bias, double bound, Init init) {
        return new Linear(init.uniform("weight", Shape.of(out, in), bound), bias ? init.uniform("bias", Shape.of(out), bound) : null);
    }

    public Parameter weight() {
        return weight;
    }

    /** Null for none. */
    public Parameter bias() {
        return bias;
    }

    /** @param x (.., in) */
    public Variable forward(Tape t, Variable x) {
        return t.linear(x, weight, bias);                                         // (.., out)
    }
}
