package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** y = sigmoid(w · x) f(x): a layer with a gate of its own, as the shared expert of Qwen1.5-MoE has it. */
public final class GatedFeedForward extends FeedForward {
    private final FeedForward layer;
    private final Parameter gate;                                                 // (1, D)

    public GatedFeedForward(FeedForward layer, Parameter gate) {
        this.layer = part(layer);
        this.gate = own(gate);
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Result result = layer.forward(t, x, pass);
        Variable open = t.sigmoid(t.linear(x, gate, null));                       // (T, 1)
        return new Result(t.multiply(result.y(), open), result.losses(), result.routing());
    }

    public record Spec(FeedForwardSpec layer) implements FeedForwardSpec {
        public Spec() {
            this(new DenseFeedForward.Spec());
        }

        @Override
        public FeedForward build(int dim, Init init) {
            return new GatedFeedForward(layer.build(dim, init.at("layer")), init.normal("gate", Shape.of(1, dim), 1 / Math.sqrt(dim)));
        }

        @Override
        public long parameters(int dim) {
            return layer.parameters(dim) + dim;
        }

        @Override
        public long halfParameters(int dim) {
            return layer.halfParameters(dim);
        }

        @Override
        public List<SharedParameters> sharedParameters(int dim) {
            return layer.sharedParameters(dim);
        }

        @Override
        public long activeParameters(int dim) {
            return layer.activeParameters(dim) + dim;
        }

        @Override
        public long flops(int dim, int tokens) {
            return layer.flops(dim, tokens) + 2L * dim * tokens;
        }

        @Override
        public Spec resized(Resize by) {
            return new Spec(layer.resized(by));
        }
    }
}
