package org.moe4j.golden;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.SecondPolicy;

/** Tutel's top-k gating with capacity, batch-prioritised or not, and its load-importance loss. */
final class TutelCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("noise.normal")) {
            loadImportance(c, bench);
        } else {
            gating(c, bench);
        }
    }

    private static void loadImportance(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable logits = bench.leaf("in.logits");
        Variable noise = bench.constant("noise.normal");
        double deviation = c.number("gate_noise", 1);
        bench.out("loss", BalanceLosses.loadImportance(t, logits, noise, deviation, c.integer("k")));
        bench.out("top_indices", t.topK(t.add(logits, t.scale(noise, deviation / c.integer("E"))), c.integer("k")).indices());
    }

    private static void gating(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable logits = bench.leaf("in.logits");
        int tokens = logits.shape().rows();
        int experts = c.integer("E");
        int k = c.integer("k");
        boolean prioritised = c.flag("batch_prioritized_routing", false);
        CapacityRouter.Spec spec = new CapacityRouter.Spec(experts, k, c.number("capacity_factor", 1), 1, CapacityDialect.TUTEL, SecondPolicy.ALL, 1,
            prioritised, c.flag("normalize_gate", true), 0, 0);
        CapacityRouter.Gated g = CapacityRouter.gate(t, logits, null, tokens, spec);
        int[] locations = Slots.byChoice(g.queue().position(), k);
        int[] indices = Slots.byChoice(g.chosen(), k);
        int capacity = CapacityDialect.TUTEL.capacity(tokens, experts, k, spec.capacityFactor(), 0);  // the source's has no least
        bench.out("capacity", capacity);
        bench.out("indices", indices);
        bench.out("locations", locations);
        bench.out("kept", Arrays.stream(locations).map(l -> l < capacity ? 1 : 0).toArray());
        bench.out("dispatch_count", prioritised ? lastPlaces(indices, locations, tokens, experts) : Slots.count(g.chosen(), experts));
        Variable gates = t.gatherColumns(g.probabilities(), g.chosen(), k);
        bench.out("gates", t.transpose(spec.normalise() && k > 1 ? t.divide(gates, t.sumKept(gates, -1)) : gates));
        bench.out("loss", BalanceLosses.balance(t, Balance.FIRST_CHOICE, g.probabilities(), g.chosen(), null));
    }

    /** With batch-prioritised routing the source's count reads the last token's row, whichever rank that token has. */
    private static int[] lastPlaces(int[] indices, int[] locations, int tokens, int experts) {
        int last = indices.length - 1;
        int[] earlier = Slots.count(Arrays.copyOf(indices, indices.length - tokens), experts);
        return IntStream.range(0, experts).map(e -> (indices[last] == e ? locations[last] : earlier[e]) + 1).toArray();
    }
}
