package org.moe4j.experts;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Shape;

/**
 * Two-layer networks: E_e(x) = out_e f(in_e x), or out_e (f(gate_e x) · in_e x) with a gated activation, each matrix of all experts in
 * one stacked parameter. Tokens are gathered by expert, computed in one grouped product a matrix (one operation in all), and combined by gate weight.
 */
public final class MlpExperts extends Experts {
    private final Activation activation;
    private final Parameter in;                                                   // (E, F, D)
    private final Parameter gate;                                                 // (E, F, D), or null
    private final Parameter out;                                                  // (E, D, F)
    private final Parameter inBias;                                               // (E, F), or null
    private final Parameter gateBias;                                             // (E, F), or null
    private final Parameter outBias;                                              // (E, D), or null

    /** Weights as checkpoints store linear layers, output extent first; {@code gate} is null unless the activation is gated. */
    public MlpExperts(Activation activation, Parameter in, Parameter gate, Parameter out, Parameter inBias, Parameter gateBias, Parameter outBias) {
        this.activation = activation;
        this.in = own(in);
        this.gate = gate == null ? null : own(gate);
        this.out = own(out);
        this.inBias = inBias == null ? null : own(inBias);
        this.gateBias = gateBias == null ? null : own(gateBias);
        this.outBias = outBias == null ? null : own(outBias);
    }

    @Override
    public Variable forward(Tape t, Variable x, Routing routing) {
        Routing slots = routing.byToken(t);
        Dispatch d = Dispatch.of(t, slots);
        Variable rows = t.gatherRows(x, d.tokens());                              // (R, D), sorted by expert
        Variable y = gate == null ? t.groupedMlp(rows, in, inBias, activation.function(), out, outBias, d.starts())
            : t.groupedGatedMlp(rows, in, inBias, gate, gateBias, activation.function(), out, outBias, d.starts()); // (R, D)
        return t.gatherSum(slots.gates(), y, d.rows(), slots.perToken());         // (T, D)
    }

    /** @param hidden F, d_expert */
    public record Spec(int hidden, Activation activation, boolean bias) implements ExpertsSpec {
        public Spec {
            Require.positive("hidden", hidden);
        }

        /** SwiGLU without biases, as in Mixtral. */
        public Spec() {
            this(6, Activation.SWIGLU, false);
        }

        @Override
        public Experts build(int dim, int experts, Init init) {
            Shape up = Shape.of(experts, hidden, dim);
            double fanIn = 1 / Math.sqrt(dim);
            boolean gated = activation.gated();
            return new MlpExperts(activation, init.normal("in", up, fanIn), gated ? init.normal("gate", up, fanIn) : null,
                init.normal("out", Shape.of(experts, dim, hidden), 1 / Math.sqrt(hidden)),
                bias ? init.zeros("inBias", Shape.of(experts, hidden)) : null,
                bias && gated ? init.zeros("gateBias", Shape.of(experts, hidden)) : null,
                bias ? init.zeros("outBias", Shape.of(experts, dim)) : null);
        }

        @Override
        public long parametersPerExpert(int dim) {
            int projections = activation.projections();
            return (projections + 1L) * dim * hidden + (bias ? (long) projections * hidden + dim : 0);
        }

        /** The matrices, and the gate weight times the output. */
        @Override
        public long flopsPerSlot(int dim) {
            return 2L * (activation.projections() + 1) * dim * hidden + 2L * dim;
        }

        @Override
        public Spec withHidden(int hidden) {
            return new Spec(hidden, activation, bias);
        }
    }
}
