package org.moe4j.experts;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.LayerNorm;
import org.moe4j.nn.Pass;

/**
 * y = sum over i of G(x)_i E_i(x), with the gate G from a router and the E_i a bank of experts (Shazeer et al. 2017, equation 1). Shared
 * experts see every token and are added (DeepSeekMoE); the output may be layer-normalised (Krajewski et al. 2024, appendix A, which finds that
 * crucial for fine experts).
 */
public final class MixtureOfExperts extends FeedForward {
    private static final double NORM_EPS = 1e-5;

    private final Router router;
    private final Experts experts;
    private final List<FeedForward> shared;
    private final LayerNorm norm;                                                 // null for none

    public MixtureOfExperts(Router router, Experts experts) {
        this(router, experts, List.of(), null);
    }

    /** @param norm of the output, or null */
    public MixtureOfExperts(Router router, Experts experts, List<FeedForward> shared, LayerNorm norm) {
        this.router = part(router);
        this.experts = part(experts);
        this.shared = List.copyOf(shared);
        shared.forEach(this::part);
        this.norm = norm == null ? null : part(norm);
    }

    @Override
    public Result forward(Tape t, Variable x, Pass pass) {
        Routing routing = router.route(t, x, pass);
        Variable y = experts.forward(t, x, routing);
        List<AuxiliaryLoss> losses = new ArrayList<>(routing.losses());
        for (FeedForward each : shared) {
            Result result = each.forward(t, x, pass);
            y = t.add(y, result.y());
            losses.addAll(result.losses());
        }
        return new Result(norm == null ? y : norm.forward(t, y), losses, routing);
    }

    /**
     * A router with a bank of as many experts as it chooses among.
     *
     * @param shared layers that see every token; their output is added
     * @param outputNorm whether the output is layer-normalised
     */
    public record Spec(RouterSpec router, ExpertsSpec experts, List<FeedForwardSpec> shared, boolean outputNorm) implements FeedForwardSpec {
        public Spec {
            shared = List.copyOf(shared);
        }

        public Spec() {
            this(new TopKRouter.Spec(), new MlpExperts.Spec());
        }

        public Spec(RouterSpec router, ExpertsSpec experts) {
            this(router, experts, List.of(), false);
        }

        @Override
        public FeedForward build(int dim, Init init) {
            List<FeedForward> layers = new ArrayList<>();
            for (FeedForwardSpec each : shared) {
                layers.add(each.build(dim, init.at("shared").at(layers.size())));
            }
            return new MixtureOfExperts(router.build(dim, init.at("router")), experts.build(dim, router.experts(), init.at("experts")), layers,
                outputNorm ? new LayerNorm(dim, NORM_EPS, init.at("norm")) : null);
        }

        @Override
        public long parameters(int dim) {
            return router.parameters(dim) + norm(dim) + router.experts() * experts.parametersPerExpert(dim) + shared.stream().mapToLong(s -> SharedParameters.own(s, dim)).sum()
                + sharedParameters(dim).stream().mapToLong(SharedParameters::parameters).sum();
        }

        @Override
        public long halfParameters(int dim) {
            return experts.table().halves(router.experts() * experts.parametersPerExpert(dim))
                + shared.stream().mapToLong(s -> SharedParameters.ownHalf(s, dim)).sum()
                + sharedParameters(dim).stream().mapToLong(SharedParameters::halfParameters).sum();
        }

        @Override
        public List<SharedParameters> sharedParameters(int dim) {
            return SharedParameters.of(shared, dim);
        }

        @Override
        public long activeParameters(int dim) {
            double perToken = Math.min(router.experts(), router.perToken());
            return router.activeParameters(dim) + norm(dim) + Math.round(perToken * experts.parametersPerExpert(dim))
                + shared.stream().mapToLong(s -> SharedParameters.ownActive(s, dim)).sum()
                + sharedParameters(dim).stream().mapToLong(SharedParameters::active).sum();
        }

        private long norm(int dim) {
            return outputNorm ? 2L * dim : 0;
        }

        @Override
        public long flops(int dim, int tokens) {
            return router.flops(dim, tokens) + router.slots(tokens) * experts.flopsPerSlot(dim)
                + shared.stream().mapToLong(s -> s.flops(dim, tokens)).sum();
        }

        @Override
        public Spec resized(Resize by) {
            return new Spec(router.atMost(by.experts()), experts.resized(by), shared.stream().map(s -> s.resized(by)).toList(), outputNorm);
        }
    }
}
