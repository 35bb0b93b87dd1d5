package org.moe4j.experts;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * PEER's experts (He 2024, section 2.2): e_i(x) = σ(u_i · x) v_i, one hidden neuron each and no bias. The gate weight multiplies after σ
 * (algorithm 1). The u_i and v_i are rows of two tables of which only the retrieved rows are touched. With a gated activation, which the
 * paper does not have, the neuron is that of a gated unit: e_i(x) = σ(w_i · x) (u_i · x) v_i, the w_i a third table.
 */
public final class SingleNeuronExperts extends Experts {
    private final Activation activation;
    private final Parameter down;                                                 // (E, D), the u_i
    private final Parameter gate;                                                 // (E, D), the w_i, or null
    private final Parameter up;                                                   // (E, D), the v_i

    /** @param gate null unless the activation is gated */
    public SingleNeuronExperts(Activation activation, Parameter down, Parameter gate, Parameter up) {
        this.activation = activation;
        this.down = own(down);
        this.gate = gate == null ? null : own(gate);
        this.up = own(up);
    }

    @Override
    public Variable forward(Tape t, Variable x, Routing routing) {
        Routing slots = routing.byToken(t);
        IntStorage ids = slots.expert();
        if (gate == null) {
            return t.singleNeurons(activation.function(), x, down, up, ids, slots.gates());
        }
        Variable u = t.gatherDot(x, down, ids, slots.perToken());                     // (T, S)
        Variable h = activation.apply(t, t.gatherDot(x, gate, ids, slots.perToken()), u);
        return t.gatherSum(t.multiply(slots.gates(), h), up, ids, slots.perToken());  // (T, D)
    }

    /**
     * @param activation σ: RELU or GELU in the paper
     * @param table what the tables and their optimizer's moments are stored as; float32 by default
     */
    public record Spec(Activation activation, TableValues table) implements ExpertsSpec {
        public Spec() {
            this(Activation.GELU);
        }

        public Spec(Activation activation) {
            this(activation, TableValues.FLOAT32);
        }

        @Override
        public int hidden() {
            return 1;
        }

        @Override
        public Experts build(int dim, int experts, Init init) {
            Shape shape = Shape.of(experts, dim);
            double deviation = 1 / Math.sqrt(dim);
            return new SingleNeuronExperts(activation, init.table("down", shape, deviation, table),
                activation.gated() ? init.table("gate", shape, deviation, table) : null, init.table("up", shape, deviation, table));
        }

        @Override
        public long parametersPerExpert(int dim) {
            return (activation.projections() + 1L) * dim;
        }

        @Override
        public long flopsPerSlot(int dim) {
            return 2L * (activation.projections() + 1) * dim;
        }

        @Override
        public Spec withHidden(int hidden) {
            Require.exactly("hidden", hidden, 1, "a single-neuron expert");
            return this;
        }

        @Override
        public Spec resized(Resize by) {
            return this;
        }
    }
}
