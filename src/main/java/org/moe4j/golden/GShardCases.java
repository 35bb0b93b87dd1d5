package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.Routing;
import org.moe4j.experts.SecondPolicy;
import org.moe4j.nn.Activation;

/** Top-2 gating with capacity as mesh-tensorflow has it, alone, with experts, and in two levels. */
final class GShardCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("w.gate_outer.w_gating")) {
            HierarchicalCases.compute(c, bench);
        } else if (c.has("w.gate.w_gating")) {
            layer(c, bench);
        } else {
            gating(c, bench);
        }
    }

    private static void gating(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        CapacityRouter.Gated g = gate(c, bench, "w.w_gating");
        int columns = c.integer("E") * g.queue().capacity();
        int[] places = Slots.places(g.queue(), g.chosen(), g.queue().capacity());
        bench.out("probs", g.probabilities());
        bench.out("top2_indices", g.chosen());
        bench.out("combine", t.scatterColumns(g.gates(), places, columns));
        bench.out("dispatch", Slots.dispatch(places, 2, columns));
        bench.out("dropped", g.chosen().length - Slots.kept(g.queue()));
        bench.out("loss", loss(c, bench, g));
    }

    private static void layer(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        CapacityRouter.Gated g = gate(c, bench, "w.gate.w_gating");
        MlpExperts experts = experts(c, bench, bench.at("w.experts.w1"), bench.at("w.experts.w2"));
        bench.out("top2_indices", g.chosen());
        bench.out("y", experts.forward(t, MixtralCases.tokens(t, bench.leaf("in.x")), routing(g)));
        bench.out("loss", t.scale(loss(c, bench, g), c.number("loss_coef", 0.01)));
    }

    private static CapacityRouter.Gated gate(GoldenCase c, Bench bench, String weight) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        return CapacityRouter.gate(t, t.matMul(x, bench.leaf(weight)), uniform(c), c.integer("N"), spec(c, c.integer("E")));
    }

    /** Top-2 gating of a case over so many experts. */
    static CapacityRouter.Spec spec(GoldenCase c, int experts) {
        SecondPolicy policy = switch (c.text("policy", "random")) {
            case "all" -> SecondPolicy.ALL;
            case "none" -> SecondPolicy.NONE;
            case "random" -> SecondPolicy.RANDOM;
            default -> throw Verdict.notCovered("there is no policy '" + c.text("policy", "") + "' for the second expert");
        };
        return new CapacityRouter.Spec(experts, 2, c.number("capacity_factor", 1.25), c.integer("min_capacity", 4), CapacityDialect.MESH, policy,
            c.number("threshold", 0.2), false, true, 0, 0);
    }

    /** The case draws for second choices only. */
    private static double[] uniform(GoldenCase c) {
        return c.has("noise.uniform") ? doubled(c.values("noise.uniform")) : null;
    }

    /** A number for each token as one for each of its two choices. */
    static double[] doubled(double[] drawn) {
        double[] both = new double[2 * drawn.length];
        Arrays.setAll(both, i -> drawn[i / 2]);
        return both;
    }

    private static Variable loss(GoldenCase c, Bench bench, CapacityRouter.Gated g) {
        return BalanceLosses.balance(bench.tape(), Balance.FIRST_CHOICE, g.probabilities(), g.chosen(), c.integer("N"), null);
    }

    static Routing routing(CapacityRouter.Gated g) {
        return Routing.tokenChoice(g.probabilities().shape().columns(), 2, g.queue().keptOf(g.chosen()), g.gates(), g.probabilities(), 0, List.of());
    }

    /** Networks w1 (E,D,H), w2 (E,H,D) without biases. */
    static MlpExperts experts(GoldenCase c, Bench bench, Layout w1, Layout w2) {
        Activation activation = switch (c.text("activation", "gelu")) {
            case "relu" -> Activation.RELU;
            case "gelu" -> Activation.GELU;
            case "silu" -> Activation.SILU;
            default -> throw Verdict.notCovered("no experts have the activation '" + c.text("activation", "") + "'");
        };
        return new MlpExperts(activation, bench.parameter(w1.permute(0, 2, 1)), null, bench.parameter(w2.permute(0, 2, 1)), null, null, null);
    }
}
