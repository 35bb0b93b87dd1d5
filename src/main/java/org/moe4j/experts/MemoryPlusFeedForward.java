package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Pass;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Shape;

/**
 * The gated memory of Memory Layers at Scale (Berges et al. 2024, arXiv 2412.09764, "Memory+"): y = (m(x) · silu(x W1)) W2, where m(x) is the
 * read of a product-key memory. Every layer of a model that names the same memory reads the same values, with queries, sub-keys and
 * projections of its own.
 */
public final class MemoryPlusFeedForward extends FeedForward {
    private final Router router;
    private final ValueExperts values;
    private final Linear gate;                                                    // D to D, W1
    private final Linear out;                                                     // D to D, W2

    public MemoryPlusFeedForward(Router router, ValueExperts values, Linear gate, Linear out) {
        this.router = part(router);
        this.values = part(values);
        this.gate = part(gate);
        this.out = part(out);
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Routing routing = router.route(t, x, pass);
        Variable read = values.forward(t, x, routing);                            // (T, D)
        Variable gated = t.multiply(read, t.silu(gate.forward(t, x)));
        return new Result(out.forward(t, gated), routing.losses(), routing);
    }

    /**
     * @param router finds the values: product keys in the paper
     * @param memory the name of the memory; layers that give the same one share its values, as many as their routers choose among
     * @param table what the values and their optimizer's moments are stored as; float32 by default
     */
    public record Spec(RouterSpec router, String memory, TableValues table) implements FeedForwardSpec {
        public Spec {
            if (memory.isBlank()) {
                throw new InputException("memory is blank; it has to name the values that layers share");
            }
        }

        public Spec(RouterSpec router, String memory) {
            this(router, memory, TableValues.FLOAT32);
        }

        /** Sub-keys for each head, normalised as the queries are (which the paper advises for small models), softmax, a query bias. */
        public Spec() {
            this(new ProductKeyRouter.Spec(64, 2, 4, 8, false, ProductKeyRouter.Norm.QUERY_KEY, ProductKeyRouter.Scores.SOFTMAX, true), "memory");
        }

        @Override
        public FeedForward build(int dim, Init init) {
            Shape shape = Shape.of(router.experts(), dim);
            ValueExperts values = new ValueExperts(init.shared(memory).table("values", shape, 1 / Math.sqrt(dim), table));
            return new MemoryPlusFeedForward(router.build(dim, init.at("router")), values, new Linear(dim, dim, false, init.at("gate")),
                new Linear(dim, dim, false, init.at("out")));
        }

        @Override
        public long parameters(int dim) {
            return around(dim) + values(dim);
        }

        @Override
        public long halfParameters(int dim) {
            return table.halves(values(dim));
        }

        @Override
        public List<SharedParameters> sharedParameters(int dim) {
            return List.of(new SharedParameters(memory, values(dim), halfParameters(dim), valuesOfToken(dim)));
        }

        @Override
        public long activeParameters(int dim) {
            return around(dim) + valuesOfToken(dim);
        }

        /** Router and both projections, which every token uses. */
        private long around(int dim) {
            return router.parameters(dim) + 2L * dim * dim;
        }

        private long values(int dim) {
            return (long) router.experts() * dim;
        }

        private long valuesOfToken(int dim) {
            return Math.round(Math.min(router.experts(), router.perToken()) * dim);
        }

        @Override
        public long flops(int dim, int tokens) {
            return router.flops(dim, tokens) + router.slots(tokens) * 2 * dim + 4L * tokens * dim * dim;
        }

        @Override
        public Spec resized(Resize by) {
            return new Spec(router.atMost(by.experts()), memory, table);
        }
    }
}
