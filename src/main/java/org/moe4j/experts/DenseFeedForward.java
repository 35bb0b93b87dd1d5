package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Pass;

/** The ordinary block: y = out f(in x), or out (f(gate x) · in x) with a gated activation. One expert for every token, gate 1. */
public final class DenseFeedForward extends FeedForward {
    private final Activation activation;
    private final Linear in;                                                      // D to F
    private final Linear gate;                                                    // D to F, or null
    private final Linear out;                                                     // F to D

    /** @param gate null unless the activation is gated */
    public DenseFeedForward(Activation activation, Linear in, Linear gate, Linear out) {
        this.activation = activation;
        this.in = part(in);
        this.gate = gate == null ? null : part(gate);
        this.out = part(out);
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Variable y = gate == null ? t.mlp(x, in.weight(), in.bias(), activation.function(), out.weight(), out.bias())
            : t.gatedMlp(x, in.weight(), in.bias(), gate.weight(), gate.bias(), activation.function(), out.weight(), out.bias());
        return new Result(y, List.of(), null);
    }

    /** @param hidden F, d_ff */
    public record Spec(int hidden, Activation activation, boolean bias) implements FeedForwardSpec {
        public Spec {
            Require.positive("hidden", hidden);
        }

        /** SwiGLU without biases, as in Mixtral and Llama. */
        public Spec() {
            this(12, Activation.SWIGLU, false);
        }

        @Override
        public FeedForward build(int dim, Init init) {
            Linear gate = activation.gated() ? new Linear(dim, hidden, bias, init.at("gate")) : null;
            return new DenseFeedForward(activation, new Linear(dim, hidden, bias, init.at("in")), gate, new Linear(hidden, dim, bias, init.at("out")));
        }

        @Override
        public long parameters(int dim) {
            int projections = activation.projections();
            return (projections + 1L) * dim * hidden + (bias ? (long) projections * hidden + dim : 0);
        }

        @Override
        public long activeParameters(int dim) {
            return parameters(dim);
        }

        @Override
        public long flops(int dim, int tokens) {
            return 2L * (activation.projections() + 1) * dim * hidden * tokens;
        }

        @Override
        public Spec resized(Resize by) {
            return new Spec(by.hidden(hidden), activation, bias);
        }
    }
}
