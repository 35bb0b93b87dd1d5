package org.moe4j.experts;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Top-k gating with buffers of limited capacity: GShard's top-2 (Lepikhin et al. 2021, algorithm 1), as GLaM uses it, in the
 * {@link CapacityDialect}s of public code. A choice that finds its expert's buffer full is dropped.
 */
public final class CapacityRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D)

    public CapacityRouter(Spec spec, Parameter weight) {
        this.spec = spec;
        this.weight = own(weight);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        Variable logits = t.linear(x, weight, null);                              // (T, E)
        int groupSize = spec.dialect.groupSize(pass.batch(), pass.time());
        CounterRandom random = pass.random("second " + weight.name());
        double[] uniform = spec.second == SecondPolicy.SAMPLING ? uniform(random, pass.batch() * pass.time() * spec.experts) : null;
        Gated gated = gate(t, logits, random, uniform, groupSize, spec);
        List<AuxiliaryLoss> losses = new ArrayList<>();
        if (spec.balanceWeight > 0) {
            IntStorage counted = spec.dialect.countsKept() ? gated.kept : gated.expert;
            losses.add(new AuxiliaryLoss("balance", BalanceLosses.balance(t, spec.dialect.balance(), gated.probabilities, counted, groupSize,
                pass.keep()), spec.balanceWeight));
        }
        if (spec.zWeight > 0) {
            losses.add(new AuxiliaryLoss("z", BalanceLosses.z(t, logits, pass.keep()), spec.zWeight));
        }
        return gated.routing(losses);
    }

    /**
     * Who is sent where, from logits (T,E).
     *
     * @param uniform numbers in [0,1): (T,K) for {@link SecondPolicy#RANDOM}, (T,E) for {@link SecondPolicy#SAMPLING}, else null
     * @param groupSize tokens of a group with buffers of its own, consecutive
     */
    public static Gated gate(Tape t, Variable logits, double[] uniform, int groupSize, Spec spec) {
        return gate(t, logits, null, uniform, groupSize, spec);
    }

    /** @param random for {@link SecondPolicy#RANDOM}, or null: then {@code uniform} is given */
    private static Gated gate(Tape t, Variable logits, CounterRandom random, double[] uniform, int groupSize, Spec spec) {
        int k = spec.topK;
        Variable p = t.softmax(logits);                                           // (T, E)
        IntStorage expert = t.topK(p, k).indices();                               // (T, K)
        if (spec.second == SecondPolicy.SAMPLING) {
            expert = sampledSecond(expert.toArray(), logits.value().toDoubles(), uniform, spec.experts);
        }
        Variable raw = t.gatherColumns(p, expert, k);                             // (T, K)
        boolean normalise = spec.normalise && k > 1;
        Variable gates = normalise && spec.dialect.normalisesFirst() ? spec.dialect.normalise(t, raw) : raw;
        IntStorage sent = spec.sent(t, expert, gates, random, uniform);
        double[] priority = spec.batchPrioritised ? t.topK(p, 1).values().value().toDoubles() : null;
        int capacity = spec.dialect.capacity(groupSize, spec.experts, k, spec.capacityFactor, spec.minimumCapacity);
        IntStorage chosen = expert;
        Supplier<CapacityQueue> queue = () -> spec.dialect.queue(capacity, spec.experts, k, chosen.toArray(), wanted(sent), gates.value().toDoubles(), priority,
            groupSize);
        IntStorage found = priority != null ? null : spec.dialect.kept(t, capacity, spec.experts, k, sent, groupSize);
        IntStorage kept = found != null ? found : IntStorage.of(queue.get().keptOf(chosen.toArray()));
        Variable masked = t.multiply(gates, Buffers.mask(t, kept, spec.experts, gates.shape()));
        return new Gated(expert, sent, kept, normalise && !spec.dialect.normalisesFirst() ? spec.dialect.normalise(t, masked) : masked, p, queue);
    }

    private static boolean[] wanted(IntStorage sent) {
        int[] experts = sent.toArray();
        boolean[] wanted = new boolean[experts.length];
        for (int choice = 0; choice < experts.length; choice++) {
            wanted[choice] = experts[choice] >= 0;
        }
        return wanted;
    }

    /** The second choice becomes the largest of logit plus Gumbel noise among the experts that aren't first. */
    private static IntStorage sampledSecond(int[] chosen, double[] logits, double[] uniform, int experts) {
        for (int token = 0; token < chosen.length / 2; token++) {
            int best = -1;
            double bestScore = Double.NEGATIVE_INFINITY;
            for (int e = 0; e < experts; e++) {
                double gumbel = -Math.log(-Math.log(Math.max(uniform[token * experts + e], Double.MIN_NORMAL)));
                double score = logits[token * experts + e] + gumbel;
                if (e != chosen[2 * token] && (best < 0 || score > bestScore)) {
                    best = e;
                    bestScore = score;
                }
            }
            chosen[2 * token + 1] = best;
        }
        return IntStorage.of(chosen);
    }

    private static double[] uniform(CounterRandom random, int count) {
        return IntStream.range(0, count).mapToDouble(random::uniform).toArray();
    }

    /**
     * @param expert (T,K) experts in the order of choice
     * @param sent (T,K) those that the policy sends at all, -1 for others
     * @param kept (T,K) those that found a place, -1 for others
     * @param gates (T,K) gate weights, 0 where not kept
     * @param probabilities (T,E)
     * @param places where they stand
     */
    public record Gated(IntStorage expert, IntStorage sent, IntStorage kept, Variable gates, Variable probabilities, Supplier<CapacityQueue> places) {
        /** (T,K) experts in the order of choice; waits for a device, as all that follows. */
        public int[] chosen() {
            return expert.toArray();
        }

        /** (T,K) which of them the policy sends at all. */
        public boolean[] wanted() {
            return CapacityRouter.wanted(sent);
        }

        /** Where they stand, worked out on the host. */
        public CapacityQueue queue() {
            return places.get();
        }

        /** How many choices found their buffer full. */
        public int dropped() {
            return Buffers.dropped(sent, kept);
        }

        Routing routing(List<AuxiliaryLoss> losses) {
            return Routing.tokenChoice(probabilities.shape().columns(), gates.shape().columns(), kept, gates, probabilities, losses).withDropped(this::dropped);
        }
    }

    /**
     * @param capacityFactor cf; what it multiplies is said by the dialect
     * @param minimumCapacity the fewest places of a buffer, 4 in mesh-tensorflow
     * @param second whether later choices are sent
     * @param threshold the gate from which on {@link SecondPolicy#RANDOM} always sends
     * @param batchPrioritised tokens with the largest probability find their places first (V-MoE, Riquelme et al. 2021, section 4)
     * @param normalise whether the gates of a token are divided by their sum; one choice alone keeps its probability
     * @param balanceWeight the weight of the balance loss in the dialect's convention; 0 leaves it out
     * @param zWeight the weight of the z-loss; 0 leaves it out
     */
    public record Spec(int experts, int topK, double capacityFactor, int minimumCapacity, CapacityDialect dialect, SecondPolicy second,
                       double threshold, boolean batchPrioritised, boolean normalise, double balanceWeight, double zWeight) implements RouterSpec {
        public Spec {
            Require.topK(topK, experts);
            Require.positive("capacityFactor", capacityFactor);
            Require.positive("minimumCapacity", minimumCapacity);
            Require.positive("threshold", threshold);
            Require.notNegative("balanceWeight", balanceWeight);
            Require.notNegative("zWeight", zWeight);
            if (second == SecondPolicy.SAMPLING && (topK != 2 || experts < 2)) {
                throw new InputException("topK is " + topK + ", but the second policy SAMPLING draws a second of two choices; topK 2 would do");
            }
        }

        /** GShard's top-2 over eight experts. */
        public Spec() {
            this(8, 2, 2, 4, CapacityDialect.MESH, SecondPolicy.RANDOM, 0.2, false, true, 0.01, 0);
        }

        /** The choices (T,K) that the policy sends, -1 for others; first choices always are. */
        private IntStorage sent(Tape t, IntStorage expert, Variable gates, CounterRandom random, double[] uniform) {
            if (topK == 1 || second == SecondPolicy.ALL || second == SecondPolicy.SAMPLING) {
                return expert;
            }
            if (second == SecondPolicy.RANDOM && random != null) {
                IntStorage sent = t.ints(expert.length());
                t.backend().sendAtRandom(random, gates.data(), threshold, topK, expert, sent);
                return sent;
            }
            int[] sent = expert.toArray();
            double[] values = second == SecondPolicy.RANDOM ? gates.value().toDoubles() : null;
            for (int choice = 0; choice < sent.length; choice++) {
                // a first gate of 0 was never computed (the dry back end): count the most there can be
                if (choice % topK != 0 && (values == null || values[choice - choice % topK] != 0 && !(uniform[choice] < values[choice] / threshold))) {
                    sent[choice] = -1;
                }
            }
            return IntStorage.of(sent);
        }

        @Override
        public double perToken() {
            return second == SecondPolicy.NONE ? 1 : topK;
        }

        /** Each choice keeps its room. */
        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts, perToken, dialect.factorFor(perToken, capacityFactor, topK), minimumCapacity, dialect, second, threshold, batchPrioritised, normalise,
                balanceWeight, zWeight);
        }

        @Override
        public Router build(int dim, Init init) {
            return new CapacityRouter(this, init.normal("weight", Shape.of(experts, dim), 1 / Math.sqrt(dim)));
        }
    }
}
