package org.moe4j.golden;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityQueue;
import org.moe4j.experts.Dispatch;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.nn.Activation;

/** The sparsely-gated layer of 2017 as its authors' code computes it: gating, losses, experts, dispatch. */
final class NoisyTopKCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("in.requests")) {
            truncatingDispatcher(c, bench);
        } else if (c.has("w.w_gate")) {
            layer(c, bench);
        } else {
            c.tensors().keySet().stream().filter(name -> name.startsWith("in."))
                .forEach(name -> bench.out(name.substring(3), BalanceLosses.squaredVariation(bench.tape(), bench.leaf(name))));
        }
    }

    private static void layer(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Gate g = gate(c, bench, x, 0.01);
        Variable importanceLoss = BalanceLosses.squaredVariation(t, g.gated.importance());
        Variable loadLoss = BalanceLosses.squaredVariation(t, g.gated.load());
        bench.out("clean_logits", g.clean);
        bench.out("noisy_logits", g.gated.noisy());
        if (g.spread != null) {
            bench.out("noise_stddev", g.spread);
        } else if (c.has("f64.out.noise_stddev")) {
            bench.out("noise_stddev", t.filled(g.clean.shape(), 0)); // in evaluation the source multiplies it by 0
        }
        bench.out("gates", Slots.dense(t, g.gated.routing().gates(), g.gated.routing().expert().toArray(), c.integer("E")));
        bench.out("top_indices", g.gated.routing().expert());
        bench.out("importance", g.gated.importance());
        bench.out("load", g.gated.load());
        bench.out("loss_importance", importanceLoss);
        bench.out("loss_load", loadLoss);
        bench.out("loss", t.scale(t.add(importanceLoss, loadLoss), c.number("loss_coef", 0.1)));
        if (c.has("w.experts.w_0")) {
            bench.out("y", experts(bench, "w.experts.", x, g.gated));
            Dispatch dispatch = Dispatch.of(t, g.gated.routing());
            int[] sizes = new int[c.integer("E")];
            Arrays.setAll(sizes, e -> dispatch.starts().get(e + 1) - dispatch.starts().get(e));
            bench.out("part_sizes", sizes);
            bench.out("batch_index", dispatch.tokens());
            bench.out("expert_index", Arrays.stream(dispatch.slots().toArray()).map(s -> g.gated.routing().expert().get(s)).toArray());
        }
    }

    /** Gating with the case's noise: none in evaluation, none where the case has none. */
    static Gate gate(GoldenCase c, Bench bench, Variable x, double epsilon) {
        Tape t = bench.tape();
        Variable clean = t.matMul(x, bench.leaf("w.w_gate"));
        boolean noisy = c.flag("train", true) && c.flag("noisy_gating", true);
        Variable spread = noisy ? t.addScalar(t.softplus(t.matMul(x, bench.leaf("w.w_noise"))), c.number("noise_epsilon", epsilon)) : null;
        Variable z = noisy ? bench.constant("noise.normal") : null;
        NoisyTopKRouter.Spec spec = new NoisyTopKRouter.Spec(c.integer("E"), c.integer("k"), 0, 0, 0);
        return new Gate(clean, spread, NoisyTopKRouter.gate(t, clean, spread, z, null, spec));
    }

    record Gate(Variable clean, Variable spread, NoisyTopKRouter.Gated gated) {}

    /** ReLU networks w_0 (E,D,H), w_1 (E,H,D), whose output the source scales by sqrt(D/H). */
    private static Variable experts(Bench bench, String prefix, Variable x, NoisyTopKRouter.Gated gated) {
        Layout in = bench.at(prefix + "w_0").permute(0, 2, 1);
        MlpExperts experts = new MlpExperts(Activation.RELU, bench.parameter(in), null,
            bench.parameter(bench.at(prefix + "w_1").permute(0, 2, 1)), null, null, null);
        return bench.tape().scale(experts.forward(bench.tape(), x, gated.routing()), Math.sqrt(in.shape().dim(2) / (double) in.shape().dim(1)));
    }

    /** Each expert keeps its first C requesting tokens of a sequence; empty places read token 0. */
    private static void truncatingDispatcher(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        int batch = c.integer("B");
        int experts = c.integer("E");
        int length = c.integer("L");
        int capacity = c.integer("capacity");
        int[] requests = c.integers("in.requests");
        int[] kept = new int[requests.length];
        int[] place = new int[requests.length];
        int[] row = new int[batch * experts * capacity];
        int[] token = new int[row.length];
        int[] filled = new int[row.length];
        Arrays.setAll(row, i -> i / (experts * capacity) * length);
        for (int b = 0; b < batch; b++) {
            int first = b * length * experts;
            int[] asked = IntStream.range(first, first + length * experts).filter(i -> requests[i] != 0).toArray();
            CapacityQueue queue = CapacityQueue.byToken(capacity, experts, Arrays.stream(asked).map(i -> i % experts).toArray(), null);
            for (int i = 0; i < asked.length; i++) {
                if (queue.kept(i)) {
                    int slot = (b * experts + asked[i] % experts) * capacity + queue.position()[i];
                    kept[asked[i]] = 1;
                    place[asked[i]] = slot + 1;
                    filled[slot] = 1;
                    token[slot] = asked[i] / experts % length;
                    row[slot] = asked[i] / experts;
                }
            }
        }
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        bench.out("kept", kept);
        bench.out("nonpadding", filled);
        bench.out("length_coordinate", token);
        bench.out("dispatched", t.gatherRows(x, row));
        int[] slots = Arrays.stream(place).map(p -> p - 1).toArray();
        bench.out("combined", t.gatherSum(null, MixtralCases.tokens(t, bench.leaf("in.expert_out")), slots, experts));
    }
}
