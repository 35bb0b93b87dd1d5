package org.moe4j.experts;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * A router of routers (Shazeer et al. 2017, appendix B): a primary noisy top-k gate chooses among a groups, the gate of each chosen
 * group among its b experts, and a token's gate for expert j of group i is Gprim(x)_i G_i(x)_j. Only the gates of chosen groups are
 * computed. Both balance losses are taken over all a·b experts.
 */
public final class HierarchicalRouter extends Router {
    private final Spec spec;
    private final Parameter gate;                                                 // (a, D)
    private final Parameter noise;                                                // (a, D)
    private final Parameter groupGate;                                            // (a, b, D)
    private final Parameter groupNoise;                                           // (a, b, D)

    public HierarchicalRouter(Spec spec, Parameter gate, Parameter noise, Parameter groupGate, Parameter groupNoise) {
        this.spec = spec;
        this.gate = own(gate);
        this.noise = own(noise);
        this.groupGate = own(groupGate);
        this.groupNoise = own(groupNoise);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        return gate(t, x, pass).routing;
    }

    /** The routing with what its losses are made of. */
    Gated gate(Tape t, Variable x, Pass pass) {
        NoisyTopKRouter.Gated primary = primary(t, x, pass);
        Dispatch byGroup = Dispatch.of(t, primary.routing());                        // R = T·k rows: each token with each group of its choice
        Secondary second = secondary(t, t.gatherRows(x, byGroup.tokens()), byGroup, pass);
        NoisyTopKRouter.Choice choice = second.choice;
        Variable within = t.gatherRows(choice.gates(), byGroup.rows());           // (T·k, k₂), in the order of tokens again
        Variable gates = t.multiply(t.reshape(primary.routing().gates(), -1, 1), within);
        int[] group = primary.routing().expert().toArray();
        int[] row = byGroup.rows().toArray();
        int[] member = choice.expert().toArray();
        int[] expert = new int[row.length * spec.secondaryTopK];
        Arrays.setAll(expert, s -> {
            int pair = s / spec.secondaryTopK;
            return group[pair] * spec.groupSize() + member[row[pair] * spec.secondaryTopK + s % spec.secondaryTopK];
        });
        int perToken = spec.primaryTopK * spec.secondaryTopK;
        Routing routing = Routing.tokenChoice(spec.experts, perToken, expert, t.reshape(gates, -1, perToken), null, 0, List.of());
        Variable importance = BalanceLosses.importance(t, routing, pass.keep());  // Importance_H, (E)
        Variable load = BalanceLosses.hierarchicalLoad(t, primary.load(), second.probability(t, spec), groups(byGroup, pass.keep()));
        return new Gated(routing.withLosses(NoisyTopKRouter.losses(t, importance, load, spec.importanceWeight, spec.loadWeight)), importance, load);
    }

    /**
     * @param importance (E) Importance_H
     * @param load (E) Load_H
     */
    record Gated(Routing routing, Variable importance, Variable load) {}

    private NoisyTopKRouter.Gated primary(Tape t, Variable x, Pass pass) {
        Variable clean = t.linear(x, gate, null);                                 // (T, a)
        Variable spread = pass.training() ? NoisyTopKRouter.spread(t, t.linear(x, noise, null), spec.noiseEpsilon) : null;
        Variable z = pass.training() ? NoisyTopKRouter.draw(t, clean.shape(), gate, pass) : null;
        return NoisyTopKRouter.gate(t, clean, spread, z, pass.keep(), new NoisyTopKRouter.Spec(spec.groups, spec.primaryTopK, 0, 0, spec.noiseEpsilon));
    }

    private Secondary secondary(Tape t, Variable rows, Dispatch byGroup, Pass pass) {
        Variable clean = t.groupedLinear(rows, groupGate, null, byGroup.starts()); // (R, b)
        Variable spread = pass.training()
            ? NoisyTopKRouter.spread(t, t.groupedLinear(rows, groupNoise, null, byGroup.starts()), spec.noiseEpsilon) : null;
        Variable z = pass.training() ? NoisyTopKRouter.draw(t, clean.shape(), groupGate, pass) : null;
        return new Secondary(clean, spread, NoisyTopKRouter.choose(t, clean, spread, z, spec.secondaryTopK));
    }

    /** What the gates of the groups decided, by rows of the dispatch. */
    private record Secondary(Variable clean, Variable spread, NoisyTopKRouter.Choice choice) {
        /** (R,b) P(x,j), or where no noise decides whether j was chosen. */
        Variable probability(Tape t, Spec spec) {
            if (choice.smooth()) {
                return BalanceLosses.probabilityInTopK(t, clean, spread, choice.top());
            }
            return t.scatterColumns(t.filled(choice.gates().shape(), 1), choice.expert(), spec.groupSize());
        }
    }

    /** (R) the group of each row, -1 for padding. */
    private int[] groups(Dispatch byGroup, boolean[] keep) {
        int[] starts = byGroup.starts().toArray();
        int[] tokens = byGroup.tokens().toArray();
        return IntStream.range(0, spec.groups).flatMap(i -> IntStream.range(starts[i], starts[i + 1])
            .map(row -> keep == null || keep[tokens[row]] ? i : -1)).toArray();
    }

    /**
     * @param experts E = a·b
     * @param groups a
     * @param primaryTopK groups of a token
     * @param secondaryTopK experts of a token in each of its groups
     * @param importanceWeight w_importance; 0 leaves the loss out
     * @param loadWeight w_load; 0 leaves the loss out
     * @param noiseEpsilon added to the standard deviation of all noise
     */
    public record Spec(int experts, int groups, int primaryTopK, int secondaryTopK, double importanceWeight, double loadWeight,
                       double noiseEpsilon) implements RouterSpec {
        public Spec {
            Require.positive("experts", experts);
            Require.atMost("groups", groups, experts, "experts");
            if (experts % groups != 0) {
                int below = IntStream.iterate(groups, i -> i - 1).filter(i -> experts % i == 0).findFirst().orElseThrow();
                int above = IntStream.iterate(groups, i -> i + 1).filter(i -> experts % i == 0).findFirst().orElseThrow();
                throw new InputException("groups is " + groups + ", which does not cut " + experts + " experts into equal groups; "
                    + below + " or " + above + " would do");
            }
            Require.atMost("primaryTopK", primaryTopK, groups, "groups");
            Require.atMost("secondaryTopK", secondaryTopK, experts / groups, "experts of a group");
            Require.notNegative("importanceWeight", importanceWeight);
            Require.notNegative("loadWeight", loadWeight);
            Require.notNegative("noiseEpsilon", noiseEpsilon);
        }

        /** Two of four groups, two of four experts in each. */
        public Spec() {
            this(16, 4);
        }

        /** Two experts in each of two groups for a token, and both losses at 0.1, as in the paper's language models. */
        public Spec(int experts, int groups) {
            this(experts, groups, 2, 2, 0.1, 0.1, 1e-2);
        }

        /** b. */
        public int groupSize() {
            return experts / groups;
        }

        @Override
        public double perToken() {
            return primaryTopK * secondaryTopK;
        }

        /** As many groups as before; as many for a token as before where they share its experts equally, else as many as do. */
        @Override
        public Spec withExperts(int experts, int perToken) {
            Require.positive("perToken", perToken);
            int primary = IntStream.iterate(Math.min(primaryTopK, perToken), k -> k - 1).filter(k -> perToken % k == 0).findFirst().orElseThrow();
            return new Spec(experts, groups, primary, perToken / primary, importanceWeight, loadWeight, noiseEpsilon);
        }

        /** About as many groups as experts in each; a token then has at most half of either. */
        @Override
        public Spec atMost(int most) {
            if (most >= experts) {
                return this;
            }
            int fewer = IntStream.rangeClosed(1, most).filter(a -> most % a == 0 && (long) a * a >= most).findFirst().orElseThrow();
            int size = most / fewer;
            return new Spec(most, fewer, Math.min(primaryTopK, Math.max(1, fewer / 2)), Math.min(secondaryTopK, Math.max(1, size / 2)),
                importanceWeight, loadWeight, noiseEpsilon);
        }

        /** All weights start at zero: no signal, and equal load by noise alone. */
        @Override
        public Router build(int dim, Init init) {
            Shape primary = Shape.of(groups, dim);
            Shape secondary = Shape.of(groups, groupSize(), dim);
            return new HierarchicalRouter(this, init.zeros("gate", primary), init.zeros("noise", primary),
                init.zeros("groupGate", secondary), init.zeros("groupNoise", secondary));
        }

        @Override
        public long parameters(int dim) {
            return 2L * dim * groups + 2L * dim * experts;
        }

        /** The primary gate and those of the chosen groups. */
        @Override
        public long activeParameters(int dim) {
            return 2L * dim * groups + 2L * dim * primaryTopK * groupSize();
        }

        @Override
        public long flops(int dim, int tokens) {
            return 2L * tokens * activeParameters(dim);
        }
    }
}
