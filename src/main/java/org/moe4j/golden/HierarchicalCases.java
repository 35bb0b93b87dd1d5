package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityQueue;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.Routing;
import org.moe4j.experts.SecondPolicy;
import org.moe4j.tensor.Shape;

/**
 * Top-2 gating to groups of experts, then top-2 gating within each group's buffer. A place of a buffer counts fully if its
 * token gave the group more than half its weight; else it has no first choice there, and its best expert is its second.
 */
final class HierarchicalCases {
    private static final double EPSILON = 1e-9;

    private HierarchicalCases() {}

    static void compute(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        int batch = c.integer("B");
        int time = c.integer("N");
        int groups = c.integer("outer");
        int experts = c.integer("inner");
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        CapacityRouter.Spec outerSpec = GShardCases.spec(c, groups);
        List<double[]> draws = outerSpec.second() == SecondPolicy.RANDOM ? draws(c, batch * time) : List.of();
        CapacityRouter.Gated outer = CapacityRouter.gate(t, t.matMul(x, bench.leaf("w.gate_outer.w_gating")), draws.isEmpty() ? null : GShardCases.doubled(draws.getFirst()), time, outerSpec);
        Variable outerLoss = BalanceLosses.balance(t, Balance.FIRST_CHOICE, outer.probabilities(), outer.chosen(), time, null);

        int capacity = outer.queue().capacity();
        int[] place = new int[outer.chosen().length];                             // (T,2) row of the buffers (groups, batch, capacity)
        int[] source = new int[groups * batch * capacity];                        // its token, -1 where empty
        double[] weight = new double[source.length];
        Arrays.fill(source, -1);
        double[] gates = outer.gates().value().toDoubles();
        for (int i = 0; i < place.length; i++) {
            int b = i / 2 / time;
            place[i] = outer.queue().kept(i) ? (outer.chosen()[i] * batch + b) * capacity + outer.queue().position()[i] : -1;
            if (place[i] >= 0) {
                source[place[i]] = i / 2;
                weight[place[i]] = gates[i];
            }
        }
        Variable rows = t.gatherRows(x, source);
        int[] starts = new int[groups + 1];
        Arrays.setAll(starts, g -> g * batch * capacity);
        Variable p = t.softmax(t.groupedMatMul(rows, bench.leaf("w.gate_inner.w_gating"), null, starts));
        Inner inner = inner(t, p, weight, draws.isEmpty() ? null : draws.getLast(), GShardCases.spec(c, experts), capacity);

        int[] expert = inner.queue.keptOf(inner.chosen);
        Arrays.setAll(expert, i -> expert[i] < 0 ? -1 : i / 2 / (batch * capacity) * experts + expert[i]);
        MlpExperts bank = GShardCases.experts(c, bench, flat(bench.at("w.experts.w1")), flat(bench.at("w.experts.w2")));
        Variable computed = bank.forward(t, rows, Routing.tokenChoice(groups * experts, 2, expert, inner.gates, p, 0, List.of()));
        bench.out("y", t.gatherSum(outer.gates(), computed, place, 2));
        bench.out("loss", t.scale(t.add(outerLoss, inner.loss), c.number("loss_coef", 0.01)));
    }

    /** The uniform numbers of both levels: one for each token is the outer level's, the other for each place of the groups' buffers. */
    private static List<double[]> draws(GoldenCase c, int tokens) {
        List<String> names = c.tensors().keySet().stream().filter(name -> name.startsWith("noise.")).sorted().toList();
        if (names.size() != 2) {
            throw Verdict.notCovered("two levels with a random policy want a draw for each, the case has " + names);
        }
        int outer = c.tensor(names.getLast()).size() == tokens ? 1 : 0;
        return List.of(c.values(names.get(outer)), c.values(names.get(1 - outer)));
    }

    private record Inner(int[] chosen, CapacityQueue queue, Variable gates, Variable loss) {}

    /** @param uniform a number for each place; null unless the policy draws */
    private static Inner inner(Tape t, Variable p, double[] weight, double[] uniform, CapacityRouter.Spec spec, int groupSize) {
        int experts = spec.experts();
        int[] chosen = t.topK(p, 2).indices().toArray();
        int[] column = new int[chosen.length];
        boolean[] wanted = new boolean[chosen.length];
        double[] full = new double[weight.length];
        double[] share = new double[weight.length / groupSize * experts];         // first choices of each group and expert
        for (int row = 0; row < weight.length; row++) {
            full[row] = weight[row] > 0.5 ? 1 : 0;
            if (full[row] == 1) {
                share[row / groupSize * experts + chosen[2 * row]]++;
            } else {
                chosen[2 * row + 1] = chosen[2 * row];
            }
            wanted[2 * row] = full[row] == 1;
            column[2 * row] = wanted[2 * row] ? chosen[2 * row] : -1;
            column[2 * row + 1] = chosen[2 * row + 1];
        }
        Variable raw = t.gatherColumns(p, column, 2);
        Variable normalised = t.divide(raw, t.addScalar(t.sumKept(raw, -1), EPSILON));
        double[] gate = normalised.value().toDoubles();
        for (int row = 0; row < weight.length; row++) {
            wanted[2 * row + 1] = weight[row] > 0 && spec.second() != SecondPolicy.NONE
                && (uniform == null || uniform[row] < gate[2 * row + 1] / spec.threshold());
        }
        int capacity = spec.dialect().capacity(groupSize, experts, 2, spec.capacityFactor(), spec.minimumCapacity());
        CapacityQueue queue = CapacityQueue.byChoice(capacity, experts, 2, chosen, wanted, null, groupSize, true);
        Variable gates = t.multiply(normalised, t.constant(raw.shape(), queue.mask()));
        Variable counted = t.multiply(p, t.constant(Shape.of(full.length, 1), full));
        Variable byGroup = t.sum(t.reshape(counted, -1, groupSize, experts), 1);
        double scale = experts / ((double) groupSize * groupSize * (weight.length / groupSize));
        Variable loss = t.scale(t.sum(t.multiply(byGroup, t.constant(byGroup.shape(), share))), scale);
        return new Inner(chosen, queue, gates, loss);
    }

    private static Layout flat(Layout w) {
        return w.reshape(w.shape().dim(0) * w.shape().dim(1), w.shape().dim(2), w.shape().dim(3));
    }
}
