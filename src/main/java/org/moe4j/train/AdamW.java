package org.moe4j.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.AdamStep;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): every weight shrinks by learningRate ·
 * weightDecay of itself before the step. The rows of a table shrink only in the steps that touch them.
 */
public final class AdamW extends Adam {
    private final double weightDecay;

    AdamW(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec.moments());
        this.weightDecay = spec.weightDecay();
    }

    @Override
    AdamStep scalars(Group group, double scheduled) {
        AdamStep s = super.scalars(group, scheduled);
        return new AdamStep(s.rate(), s.beta1(), s.beta2(), s.eps(), s.vScale(), 1 - group.learningRate(scheduled) * group.weightDecay(weightDecay), 0);
    }

    /**
     * The components of {@link Adam.Spec}, with the decay decoupled.
     *
     * @param weightDecay 0.01 by default
     */
    public record Spec(Double beta1, Double beta2, Double eps, Double weightDecay, Boolean amsgrad, Boolean epsilonHat,
                       @JsonProperty @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Group> groups) implements OptimizerSpec {
        public Spec {
            Adam.Spec checked = new Adam.Spec(beta1, beta2, eps, weightDecay == null ? Double.valueOf(0.01) : weightDecay, amsgrad, epsilonHat, groups);
            beta1 = checked.beta1();
            beta2 = checked.beta2();
            eps = checked.eps();
            weightDecay = checked.weightDecay();
            amsgrad = checked.amsgrad();
            epsilonHat = checked.epsilonHat();
            groups = checked.groups();
        }

        /** All parameters alike. */
        public Spec(Double beta1, Double beta2, Double eps, Double weightDecay, Boolean amsgrad, Boolean epsilonHat) {
            this(beta1, beta2, eps, weightDecay, amsgrad, epsilonHat, null);
        }

        public Spec(double beta1, double beta2, double weightDecay) {
            this(beta1, beta2, null, weightDecay, null, null);
        }

        public Spec withGroups(Group... own) {
            return new Spec(beta1, beta2, eps, weightDecay, amsgrad, epsilonHat, List.of(own));
        }

        /** Adam without the decay. */
        private Adam.Spec moments() {
            return new Adam.Spec(beta1, beta2, eps, 0.0, amsgrad, epsilonHat, groups);
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new AdamW(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            return moments().state(parameter);
        }
    }
}
