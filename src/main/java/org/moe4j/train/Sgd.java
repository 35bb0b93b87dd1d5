package org.moe4j.train;

import java.util.List;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013, equations 1 to 4, in torch's form: the learning rate
 * multiplies the velocity): g += decay p; v = momentum v + g; p -= lr v, or with Nesterov's p -= lr (g + momentum v).
 */
public final class Sgd extends Optimizer {
    private final Spec spec;

    Sgd(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec);
        this.spec = spec;
    }

    @Override
    void update(Slot slot, double learningRate) {
        forEachRun(slot, run -> {
            Storage direction = run.g();
            if (spec.weightDecay() != 0) {
                on.axpy(spec.weightDecay(), run.p(), run.g());
            }
            if (spec.momentum() != 0) {
                Storage velocity = run.state("velocity");
                on.scale(spec.momentum(), velocity);
                on.axpy(1, run.g(), velocity);
                if (spec.nesterov()) {
                    on.axpy(spec.momentum(), velocity, run.g());
                } else {
                    direction = velocity;
                }
            }
            on.axpy(-learningRate, direction, run.p());
        });
    }

    /**
     * @param momentum 0 by default
     * @param nesterov whether the step looks ahead; false by default
     * @param weightDecay times the weight, added to the gradient; 0 by default
     */
    public record Spec(Double momentum, Boolean nesterov, Double weightDecay) implements OptimizerSpec {
        public Spec {
            momentum = OptimizerSpec.within("momentum", momentum, 0, 0, 1);
            nesterov = nesterov != null && nesterov;
            weightDecay = OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
        }

        public Spec() {
            this(null, null, null);
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new Sgd(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            return momentum == 0 ? elementwise(parameter) : elementwise(parameter, "velocity");
        }
    }
}
