package org.moe4j.experts;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/** y = sum over i of G(x)_i E_i(x), with the gate G from a router and the E_i a bank of experts (Shazeer et al. 2017, equation 1). */
public final class MixtureOfExperts extends FeedForward {
    private final Router router;
    private final Experts experts;

    public MixtureOfExperts(Router router, Experts experts) {
        this.router = part(router);
        this.experts = part(experts);
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Routing routing = router.route(t, x, pass);
        return new Result(experts.forward(t, x, routing), routing.losses(), routing);
    }

    /** A router with a bank of as many experts as it chooses among. */
    public record Spec(RouterSpec router, ExpertsSpec experts) implements FeedForwardSpec {
        @Override
        public FeedForward build(int dim, Init init) {
            return new MixtureOfExperts(router.build(dim, init.at("router")), experts.build(dim, router.experts(), init.at("experts")));
        }

        @Override
        public long parameters(int dim) {
            return router.parameters(dim) + router.experts() * experts.parametersPerExpert(dim);
        }

        @Override
        public long activeParameters(int dim) {
            return router.parameters(dim) + Math.min(router.experts(), router.slots(1)) * experts.parametersPerExpert(dim);
        }

        @Override
        public long flops(int dim, int tokens) {
            return router.flops(dim, tokens) + router.slots(tokens) * experts.flopsPerSlot(dim);
        }
    }
}
