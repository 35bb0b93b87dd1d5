package org.moe4j.train;

import java.util.List;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * AdaGrad, diagonal (Duchi, Hazan and Singer 2011, figure 1): sum += g²; p -= lr / (1 + (t-1) rateDecay) g / (sqrt(sum) + eps).
 */
public final class Adagrad extends Optimizer {
    private final Spec spec;

    Adagrad(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec);
        this.spec = spec;
    }

    @Override
    void update(Slot slot, double learningRate) {
        double rate = learningRate / (1 + (steps() - 1) * spec.rateDecay());
        forEachRun(slot, run -> {
            if (spec.weightDecay() != 0) {
                on.axpy(spec.weightDecay(), run.p(), run.g());
            }
            Storage x = arena.take(run.g().size());
            on.unary(Unary.SQUARE, run.g(), x);
            on.axpy(1, x, run.state("sum"));
            divideByRoot(run.g(), run.state("sum"), spec.eps(), x);
            on.axpy(-rate, x, run.p());
            arena.give(x);
        });
    }

    /**
     * @param rateDecay how the learning rate falls with the steps; 0 by default
     * @param eps added to the root, 1e-10 by default
     * @param weightDecay times the weight, added to the gradient; 0 by default
     */
    public record Spec(Double rateDecay, Double eps, Double weightDecay) implements OptimizerSpec {
        public Spec {
            rateDecay = OptimizerSpec.within("rateDecay", rateDecay, 0, 0, Double.POSITIVE_INFINITY);
            eps = OptimizerSpec.within("eps", eps, 1e-10, 0, Double.POSITIVE_INFINITY);
            weightDecay = OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
        }

        public Spec() {
            this(null, null, null);
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new Adagrad(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            return elementwise(parameter, "sum");
        }
    }
}
