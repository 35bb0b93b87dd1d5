package org.moe4j.experts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * The router of a mixture that has grown: top-k gating in which the experts that were added for a domain are within reach of that domain
 * and later ones alone. Sequences of the domains before it choose among the experts they had, by the same operations on the same rows, so
 * that whatever the new experts and their rows learn, those sequences' results stay as they were.
 *
 * <p>The idea of groups of experts by domain is that of PanGu-Sigma (Ren et al. 2023), whose groups are disjoint and have no learned gate;
 * here a new domain may use the old experts too.
 */
public final class GrownRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D), the added experts' rows last

    public GrownRouter(Spec spec, Parameter weight) {
        this.spec = spec;
        this.weight = own(weight);
    }

    /** A pass without domains is of the first. */
    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        int tokens = x.shape().rows();
        Map<Integer, List<Integer>> sequences = new TreeMap<>();                   // by the number of experts within reach
        for (int b = 0; b < pass.batch(); b++) {
            sequences.computeIfAbsent(spec.reach(pass.domains() == null ? 0 : pass.domains()[b]), n -> new ArrayList<>()).add(b);
        }
        if (sequences.size() == 1) {
            return over(t, x, pass.keep(), sequences.keySet().iterator().next());
        }
        int k = spec.first.topK();
        int[] expert = new int[tokens * k];
        Variable gates = t.filled(Shape.of(tokens, k), 0);
        List<AuxiliaryLoss> losses = new ArrayList<>();
        for (Map.Entry<Integer, List<Integer>> alike : sequences.entrySet()) {
            int[] rows = alike.getValue().stream().flatMapToInt(b -> IntStream.range(b * pass.time(), (b + 1) * pass.time())).toArray();
            Routing part = over(t, t.gatherRows(x, rows), keep(pass.keep(), rows), alike.getKey());
            int[] chosen = part.expert().toArray();
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(chosen, i * k, expert, rows[i] * k, k);
            }
            gates = t.add(gates, t.scatterRows(part.gates(), rows, tokens));
            part.losses().forEach(loss -> losses.add(new AuxiliaryLoss(loss.name(), loss.value(), loss.weight() * rows.length / tokens)));
        }
        return Routing.tokenChoice(spec.experts(), k, expert, gates, null, 0, losses);
    }

    /** Top-k gating among the first {@code reach} experts. */
    private Routing over(Tape t, Variable x, boolean[] keep, int reach) {
        Variable rows = reach == spec.experts() ? weight : t.slice(weight, 0, 0, reach);
        Routing r = TopKRouter.gate(t, t.linear(x, rows, null), keep, spec.first.withExperts(reach, spec.first.topK()));
        return Routing.tokenChoice(spec.experts(), r.perToken(), r.expert(), r.gates(), reach == spec.experts() ? r.probabilities() : null, 0, r.losses());
    }

    private static boolean[] keep(boolean[] all, int[] rows) {
        if (all == null) {
            return null;
        }
        boolean[] some = new boolean[rows.length];
        for (int i = 0; i < rows.length; i++) {
            some[i] = all[rows[i]];
        }
        return some;
    }

    /**
     * Experts that were added together.
     *
     * @param experts how many
     * @param domain the number of the first domain whose sequences may use them; all higher numbers may, too
     */
    public record Addition(int experts, int domain) {
        public Addition {
            Require.positive("experts", experts);
            Require.positive("domain", domain);
        }
    }

    /**
     * @param first the router before it grew
     * @param added what was added since, by ascending domains
     */
    public record Spec(TopKRouter.Spec first, List<Addition> added) implements RouterSpec {
        public Spec {
            added = List.copyOf(added);
            for (int i = 1; i < added.size(); i++) {
                if (added.get(i).domain() < added.get(i - 1).domain()) {
                    throw new InputException("experts are added for domain " + added.get(i).domain() + " after domain " + added.get(i - 1).domain()
                        + "; a later addition wants the same or a higher number");
                }
            }
        }

        /** Two of six, and two experts more from domain 1 on. */
        public Spec() {
            this(new TopKRouter.Spec(6, 2), List.of(new Addition(2, 1)));
        }

        /** How many experts, counted from the first, a domain's sequences may use. */
        public int reach(int domain) {
            return first.experts() + added.stream().filter(a -> a.domain() <= domain).mapToInt(Addition::experts).sum();
        }

        /** The same with one more addition. */
        public Spec plus(int experts, int domain) {
            List<Addition> more = new ArrayList<>(added);
            more.add(new Addition(experts, domain));
            return new Spec(first, more);
        }

        /** The same without some experts; an addition that loses all is no more.
         *
         *  @param kept the numbers of those that stay, ascending */
        public Spec keeping(int... kept) {
            List<Addition> left = new ArrayList<>();
            int from = first.experts();
            for (Addition addition : added) {
                int first = from;
                int experts = (int) Arrays.stream(kept).filter(e -> e >= first && e < first + addition.experts()).count();
                from += addition.experts();
                if (experts > 0) {
                    left.add(new Addition(experts, addition.domain()));
                }
            }
            return new Spec(first.withExperts((int) Arrays.stream(kept).filter(e -> e < first.experts()).count(), first.topK()), left);
        }

        @Override
        public int experts() {
            return reach(Integer.MAX_VALUE);
        }

        @Override
        public double perToken() {
            return first.topK();
        }

        /** Additions keep their share, and at least one expert each. */
        @Override
        public Spec withExperts(int experts, int perToken) {
            int[] sizes = added.stream().mapToInt(a -> Math.max(1, (int) ((long) a.experts() * experts / experts()))).toArray();
            List<Addition> resized = IntStream.range(0, sizes.length).mapToObj(i -> new Addition(sizes[i], added.get(i).domain())).toList();
            return new Spec(first.withExperts(experts - Arrays.stream(sizes).sum(), perToken), resized);
        }

        @Override
        public Router build(int dim, Init init) {
            return new GrownRouter(this, init.normal("weight", Shape.of(experts(), dim), 1 / Math.sqrt(dim)));
        }

        /** Of sequences of the first domain; an expert more within reach is 2 D FLOPs more for a token. */
        @Override
        public long flops(int dim, int tokens) {
            return 2L * tokens * dim * first.experts();
        }
    }
}
