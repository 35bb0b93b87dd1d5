package org.moe4j.golden;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityQueue;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.SecondPolicy;

/** DeepSpeed's gating functions; which one, and its drop policy, is said by the case's name. */
final class DeepSpeedCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable logits = bench.leaf("in.logits");
        int tokens = logits.shape().rows();
        int experts = c.integer("E");
        boolean drop = !c.kind().contains("nodrop") && c.flag("drop_tokens", true);
        int k = c.kind().startsWith("top1") ? 1 : c.kind().startsWith("top2") ? 2 : c.integer("k");
        CapacityDialect dialect = !c.kind().startsWith("topk") ? CapacityDialect.DEEPSPEED
            : c.kind().contains("probs") ? CapacityDialect.DEEPSPEED_PROBS : CapacityDialect.DEEPSPEED_POSITION;
        double factor = drop ? c.number("capacity_factor", 1) : experts;          // enough for every token at one expert
        CapacityRouter.Spec spec = new CapacityRouter.Spec(experts, k, factor, Math.max(1, c.integer("min_capacity", 1)), dialect, SecondPolicy.ALL, 1, false, true, 0, 0);
        CapacityRouter.Gated g = CapacityRouter.gate(t, logits, null, tokens, spec);
        CapacityQueue queue = g.queue();
        Variable gates = g.gates();
        if (dialect != CapacityDialect.DEEPSPEED && k == 1) {
            gates = t.constant(gates.shape(), queue.mask());                      // the source divides a single gate by itself
        }
        boolean[] used = used(c, tokens);
        int[] counted = IntStream.range(0, g.chosen().length).map(choice -> used[choice / k] ? g.chosen()[choice] : -1).toArray();
        int[] counts = Slots.count(counted, experts);
        int capacity = drop ? queue.capacity() : Arrays.stream(counts).max().orElse(0);
        if (dialect == CapacityDialect.DEEPSPEED && k == 1) {
            double[] priority = null;
            if (Arrays.stream(counts).anyMatch(n -> n > capacity)) {
                bench.remark("which tokens an overfull expert drops is taken from the case: the source leaves it to a sort that isn't stable");
                priority = keptByTheSource(c, tokens);
            }
            queue = CapacityQueue.byChoice(capacity, experts, 1, g.chosen(), used, priority, tokens, false);
            gates = t.multiply(t.gatherColumns(g.probabilities(), g.chosen(), 1), t.constant(gates.shape(), queue.mask()));
        }
        int[] places = Slots.places(queue, g.chosen(), capacity);
        bench.out("combine", t.scatterColumns(gates, places, experts * capacity));
        bench.out("dispatch", Slots.dispatch(places, k, experts * capacity));
        bench.out("exp_counts", counts);
        bench.out("top_indices", g.chosen());
        bench.out("l_aux", BalanceLosses.balance(t, dialect.balance(), g.probabilities(), counted, null));
    }

    /** Tokens that take part: all unless the case says otherwise, which top-1 alone can. */
    private static boolean[] used(GoldenCase c, int tokens) {
        boolean[] used = new boolean[tokens];
        Arrays.fill(used, true);
        if (c.has("in.used_token")) {
            double[] given = c.values("in.used_token");
            IntStream.range(0, tokens).forEach(token -> used[token] = given[token] != 0);
        }
        return used;
    }

    /** 1 for tokens that the source dispatches. */
    private static double[] keptByTheSource(GoldenCase c, int tokens) {
        double[] dispatch = c.values("out.dispatch");
        double[] kept = new double[tokens];
        for (int i = 0; i < dispatch.length; i++) {
            kept[i / (dispatch.length / tokens)] += dispatch[i];
        }
        return kept;
    }
}
