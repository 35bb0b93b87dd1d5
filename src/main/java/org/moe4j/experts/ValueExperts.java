package org.moe4j.experts;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Shape;

/** The values of a product-key memory (Lample et al. 2019, equation 1): expert i gives its vector v_i whatever the token is. */
public final class ValueExperts extends Experts {
    private final Parameter values;                                               // (E, D)

    public ValueExperts(Parameter values) {
        this.values = own(values);
    }

    @Override
    public Variable forward(Tape t, Variable x, Routing routing) {
        Routing slots = routing.byToken(t);
        return t.gatherSum(slots.gates(), values, slots.expert(), slots.perToken()); // (T, D)
    }

    /** @param table what the values and their optimizer's moments are stored as; float32 by default */
    public record Spec(TableValues table) implements ExpertsSpec {
        public Spec() {
            this(TableValues.FLOAT32);
        }

        @Override
        public int hidden() {
            return 1;
        }

        @Override
        public Experts build(int dim, int experts, Init init) {
            return new ValueExperts(init.table("values", Shape.of(experts, dim), 1 / Math.sqrt(dim), table));
        }

        @Override
        public long parametersPerExpert(int dim) {
            return dim;
        }

        @Override
        public long flopsPerSlot(int dim) {
            return 2L * dim;
        }

        @Override
        public Spec withHidden(int hidden) {
            Require.exactly("hidden", hidden, 1, "a value");
            return this;
        }

        @Override
        public Spec resized(Resize by) {
            return this;
        }
    }
}
