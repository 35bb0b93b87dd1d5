package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Expert choice (Zhou et al. 2022, section 3.2): p = softmax over experts, and each expert takes the C tokens of a group for which
 * its p is largest, with gate p. Every expert has the same load; a token may get none or many.
 */
public final class ExpertChoiceRouter extends Router {
    private final Spec spec;
    private final Parameter weight;                                               // (E, D)

    public ExpertChoiceRouter(Spec spec, Parameter weight) {
        this.spec = spec;
        this.weight = own(weight);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        Variable logits = t.linear(x, weight, null);
        if (pass.training()) {
            spec.requireShares(spec.size(pass.batch(), pass.time()));
        }
        return gate(t, logits, pass.batch(), pass.time(), spec);
    }

    /** The routing that follows from logits (B·T,E) alone, tokens batch-major. */
    public static Routing gate(Tape t, Variable logits, int batch, int time, Spec spec) {
        int experts = spec.experts;
        int size = spec.size(batch, time);                                        // tokens of a group
        int capacity = Math.min(size, spec.capacity(size));
        Variable p = t.softmax(logits);                                           // (B·T, E)
        int perPosition = spec.grouping == Grouping.POSITION ? batch / size : 1;
        Variable byExpert = spec.grouping == Grouping.POSITION
            ? t.permute(t.reshape(p, perPosition, size, time, experts), 2, 0, 3, 1) // (T, B / size, E, size)
            : t.permute(t.reshape(p, -1, size, experts), 0, 2, 1);                  // (groups, E, size)
        Ranked top = t.topK(byExpert, capacity);                                  // (.., E, C)
        int[] best = top.indices().toArray();
        int[] token = new int[best.length];
        int[] expert = new int[token.length];
        for (int s = 0; s < token.length; s++) {
            int group = s / (experts * capacity);
            int member = best[s];
            expert[s] = s / capacity % experts;
            token[s] = spec.grouping == Grouping.POSITION
                ? (group % perPosition * size + member) * time + group / perPosition : group * size + member;
        }
        return new Routing(batch * time, experts, 0, token, IntStorage.of(expert), top.values(), p, 0, List.of());
    }

    /** Among which tokens an expert takes its pick. */
    public enum Grouping {
        /**
         * Those of one position in different sequences (Krajewski et al. 2024, appendix A): no token's routing depends on a
         * later token of its sequence, so that a language model stays autoregressive.
         */
        POSITION,
        /** Consecutive tokens of the batch, later ones of the same sequence included: for encoders only. */
        BATCH
    }

    /**
     * @param capacityFactor c, the mean number of experts of a token: C = c · group size / E, at least 1
     * @param groupSize tokens of a group; a smaller batch is one group
     */
    public record Spec(int experts, double capacityFactor, Grouping grouping, int groupSize) implements RouterSpec {
        public Spec {
            Require.positive("experts", experts);
            Require.positive("capacityFactor", capacityFactor);
            Require.positive("groupSize", groupSize);
            if (capacityFactor > experts) {
                throw new InputException("capacityFactor is " + capacityFactor + ", more than the number of experts " + experts
                    + " that a token could have; at most " + experts + " would do");
            }
        }

        /** Eight experts with the paper's capacity factor 2; groups of 256 tokens of one position. */
        public Spec() {
            this(8, 2, Grouping.POSITION, 256);
        }

        /** C for a group of {@code size} tokens. */
        public int capacity(int size) {
            return (int) Math.max(1, Math.round(capacityFactor * size / experts));
        }

        /** Where C would be below 1 the layer would cost more than its capacity factor says: fine for evaluation, not for a comparison. */
        private void requireShares(int size) {
            if (capacityFactor * size < experts) {
                throw new InputException("a group of " + size + (grouping == Grouping.POSITION ? " sequences" : " tokens") + " is too small for expert choice with "
                    + experts + " experts and capacityFactor " + capacityFactor + ", which gives an expert less than one token; at least "
                    + (int) Math.ceil(experts / capacityFactor) + " would do");
            }
        }

        private int size(int batch, int time) {
            int members = grouping == Grouping.POSITION ? batch : batch * time;
            int size = Math.min(groupSize, members);
            if (members % size != 0) {
                throw new InputException("groupSize is " + groupSize + ", which does not divide the " + members + " tokens "
                    + (grouping == Grouping.POSITION ? "of one position" : "of a batch") + " into equal groups");
            }
            return size;
        }

        @Override
        public double perToken() {
            return capacityFactor;
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts, perToken, grouping, groupSize);
        }

        /** Exact where groups are full; smaller groups round C differently. */
        @Override
        public long slots(int tokens) {
            int size = Math.min(groupSize, tokens);
            return (long) Math.ceilDiv(tokens, size) * experts * Math.min(size, capacity(size));
        }

        @Override
        public Router build(int dim, Init init) {
            return new ExpertChoiceRouter(this, init.normal("weight", Shape.of(experts, dim), 1 / Math.sqrt(dim)));
        }
    }
}
