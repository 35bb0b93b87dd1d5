package org.moe4j.experts;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Shape;

/**
 * PEER's experts (He 2024, section 2.2): e_i(x) = σ(u_i · x) v_i, one hidden neuron each and no bias. The gate multiplies after σ
 * (algorithm 1). The u_i and v_i are rows of two tables of which only the retrieved rows are touched.
 */
public final class SingleNeuronExperts extends Experts {
    private final Activation activation;
    private final Parameter down;                                                 // (E, D), the u_i
    private final Parameter up;                                                   // (E, D), the v_i

    public SingleNeuronExperts(Activation activation, Parameter down, Parameter up) {
        this.activation = activation;
        this.down = own(down);
        this.up = own(up);
    }

    @Override
    public Variable forward(Tape t, Variable x, Routing routing) {
        Routing slots = routing.byToken(t);
        int[] ids = slots.expert();
        Variable h = activation.apply(t, t.gatherDot(x, down, ids, slots.perToken()), null); // (T, S)
        return t.gatherSum(t.multiply(slots.gates(), h), up, ids, slots.perToken());         // (T, D)
    }

    public record Spec(Activation activation) implements ExpertsSpec {
        public Spec {
            if (activation.gated()) {
                throw new InputException("activation is " + activation + ", a single neuron has no gate; RELU or GELU would do");
            }
        }

        public Spec() {
            this(Activation.GELU);
        }

        @Override
        public int hidden() {
            return 1;
        }

        @Override
        public Experts build(int dim, int experts, Init init) {
            Shape shape = Shape.of(experts, dim);
            double deviation = 1 / Math.sqrt(dim);
            return new SingleNeuronExperts(activation, init.table("down", shape, deviation), init.table("up", shape, deviation));
        }

        @Override
        public long parametersPerExpert(int dim) {
            return 2L * dim;
        }

        @Override
        public long flopsPerSlot(int dim) {
            return 4L * dim;
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
