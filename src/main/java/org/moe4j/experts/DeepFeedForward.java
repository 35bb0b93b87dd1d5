package org.moe4j.experts;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Pass;

/** A dense network with several hidden layers, D to F to F .. to D: the baseline MoE-1-Deep of Shazeer et al. 2017 (appendix C.1) has four. */
public final class DeepFeedForward extends FeedForward {
    private final Activation activation;
    private final List<Linear> layers = new ArrayList<>();

    private DeepFeedForward(Spec spec, int dim, Init init) {
        activation = spec.activation;
        for (int l = 0; l <= spec.depth; l++) {
            int in = l == 0 ? dim : spec.hidden;
            int out = l == spec.depth ? dim : spec.hidden;
            layers.add(part(new Linear(in, out, spec.bias, init.at("layers").at(l))));
        }
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Variable h = layers.getFirst().forward(t, x);                             // (T, F)
        for (Linear layer : layers.subList(1, layers.size())) {
            h = layer.forward(t, activation.apply(t, h, null));
        }
        return new Result(h, List.of(), null);                                    // (T, D)
    }

    /**
     * @param hidden F, the width of each hidden layer
     * @param depth how many hidden layers there are
     */
    public record Spec(int hidden, int depth, Activation activation, boolean bias) implements FeedForwardSpec {
        public Spec {
            Require.positive("hidden", hidden);
            Require.positive("depth", depth);
            if (activation.gated()) {
                throw new InputException("activation is " + activation + ", a deep network has no gates; RELU or GELU would do");
            }
        }

        /** Four hidden layers of ReLU units, as in MoE-1-Deep. */
        public Spec() {
            this(8, 4, Activation.RELU, false);
        }

        @Override
        public FeedForward build(int dim, Init init) {
            return new DeepFeedForward(this, dim, init);
        }

        @Override
        public long parameters(int dim) {
            return weights(dim) + (bias ? (long) depth * hidden + dim : 0);
        }

        private long weights(int dim) {
            return 2L * dim * hidden + (depth - 1L) * hidden * hidden;
        }

        @Override
        public long activeParameters(int dim) {
            return parameters(dim);
        }

        @Override
        public long flops(int dim, int tokens) {
            return 2L * weights(dim) * tokens;
        }

        @Override
        public Spec resized(Resize by) {
            return new Spec(by.hidden(hidden), depth, activation, bias);
        }
    }
}
