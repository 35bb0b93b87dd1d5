package org.moe4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * RMSProp (Tieleman and Hinton 2012, lecture 6.5): v = alpha v + (1-alpha) g²; p -= lr g / (sqrt(v) + eps). Centred (Graves
 * 2013, equations 38 to 40, with eps outside the root as torch has it): the mean gradient's square is taken off v. With
 * momentum, the quotient is gathered in a velocity.
 */
public final class RmsProp extends Optimizer {
    private final Spec spec;

    RmsProp(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec);
        this.spec = spec;
    }

    @Override
    void update(Slot slot, double learningRate) {
        forEachRun(slot, run -> {
            if (spec.weightDecay() != 0) {
                on.axpy(spec.weightDecay(), run.p(), run.g());
            }
            Storage v = run.state("v");
            Storage x = arena.take(v.size());
            on.unary(Unary.SQUARE, run.g(), x);
            average(x, v);
            if (spec.centered()) {
                Storage mean = run.state("mean");
                average(run.g(), mean);
                Storage variance = arena.take(v.size());
                on.unary(Unary.SQUARE, mean, x);
                on.copy(v, variance);
                on.axpy(-1, x, variance);
                on.unary(Unary.RELU, variance, x); // rounding may leave a variance just below 0
                on.copy(x, variance);
                divideByRoot(run.g(), variance, spec.eps(), x);
                arena.give(variance);
            } else {
                divideByRoot(run.g(), v, spec.eps(), x);
            }
            if (spec.momentum() == 0) {
                on.axpy(-learningRate, x, run.p());
            } else {
                Storage velocity = run.state("velocity");
                on.scale(spec.momentum(), velocity);
                on.axpy(1, x, velocity);
                on.axpy(-learningRate, velocity, run.p());
            }
            arena.give(x);
        });
    }

    private void average(Storage x, Storage mean) {
        on.scale(spec.alpha(), mean);
        on.axpy(1 - spec.alpha(), x, mean);
    }

    /**
     * @param alpha decay of the mean square, 0.9 by default
     * @param eps added to the root, 1e-8 by default
     * @param momentum 0 by default
     * @param centered whether the variance divides instead of the mean square; false by default
     * @param weightDecay times the weight, added to the gradient; 0 by default
     */
    public record Spec(Double alpha, Double eps, Double momentum, Boolean centered, Double weightDecay) implements OptimizerSpec {
        public Spec {
            alpha = OptimizerSpec.within("alpha", alpha, 0.9, 0, 1);
            eps = OptimizerSpec.within("eps", eps, 1e-8, 0, Double.POSITIVE_INFINITY);
            momentum = OptimizerSpec.within("momentum", momentum, 0, 0, 1);
            centered = centered != null && centered;
            weightDecay = OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
        }

        public Spec() {
            this(null, null, null, null, null);
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new RmsProp(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            List<String> names = new ArrayList<>(List.of("v"));
            if (centered) {
                names.add("mean");
            }
            if (momentum != 0) {
                names.add("velocity");
            }
            return elementwise(parameter, names.toArray(String[]::new));
        }
    }
}
