package org.moe4j.golden;

import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.Routing;
import org.moe4j.nn.Activation;

/**
 * The widespread PyTorch port of the 2017 layer: sample variance in the losses, experts that end in a softmax. Its latest version
 * computes another load, which must not be matched: there the check is that ours differs.
 */
final class DavidmrauCases implements Family {
    private static final double SAME_GATES = 1e-5;

    private final boolean knownBug;

    DavidmrauCases(boolean knownBug) {
        this.knownBug = knownBug;
    }

    @Override
    public void compute(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        NoisyTopKRouter.Gated g = NoisyTopKCases.gate(c, bench, x, 0.01).gated();
        Variable gates = Slots.dense(t, g.routing().gates(), g.routing().expert().toArray(), c.integer("E"));
        Variable losses = t.add(BalanceLosses.squaredSampleVariation(t, g.importance()), BalanceLosses.squaredSampleVariation(t, g.load()));
        Variable loss = t.scale(losses, c.number("loss_coef", 0.01));
        if (knownBug) {
            mustDiffer(c, gates, g.load(), loss);
        }
        bench.out("gates", gates);
        bench.out("top_indices", g.routing().expert());
        bench.out("importance", g.importance());
        bench.out("load", g.load());
        bench.out("loss", loss);
        bench.out("y", experts(bench, x, g.routing()));
    }

    /** Each slot computed as a token of its own, since the softmax stands between expert and gate. */
    private static Variable experts(Bench bench, Variable x, Routing routing) {
        Tape t = bench.tape();
        MlpExperts experts = new MlpExperts(Activation.RELU, bench.parameter(bench.stack("w.experts.*.fc1.weight")), null,
            bench.parameter(bench.stack("w.experts.*.fc2.weight")), bench.parameter(bench.stack("w.experts.*.fc1.bias")), null,
            bench.parameter(bench.stack("w.experts.*.fc2.bias")));
        Variable y = t.softmax(experts.forward(t, t.gatherRows(x, IntStream.range(0, routing.slots()).map(routing::tokenOf).toArray()), Slots.alone(t, routing)));
        return Slots.combine(t, y, routing);
    }

    private static void mustDiffer(GoldenCase c, Variable gates, Variable load, Variable loss) {
        if (distance(c, "f64.out.gates", gates) > SAME_GATES) {
            throw Verdict.failed("gates are further than " + SAME_GATES + " from those of the source, which differ from the paper's by a 1e-6 only");
        }
        if (distance(c, "f64.out.load", load) <= SAME_GATES || distance(c, "f64.out.loss", loss) <= SAME_GATES) {
            throw Verdict.failed("load or loss agree with the source's, which are known to be wrong");
        }
        throw Verdict.notCovered("known bug of the source, must not be matched (checked: gates agree, load and loss differ)");
    }

    private static double distance(GoldenCase c, String expected, Variable got) {
        double[] a = c.values(expected);
        double[] b = got.value().toDoubles();
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }
}
