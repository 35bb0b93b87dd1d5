package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.Balance;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.Dispatch;
import org.moe4j.experts.Routing;
import org.moe4j.experts.SecondPolicy;

/**
 * ST-MoE's top-n gating, mixture layer and block. Its experts have a GEGLU with a learned factor on each hidden value. With
 * straight-through dispatch the router also gets the gradient of what the experts read, as if their input were scaled by the gate.
 */
final class StMoeCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        if (c.has("w.moe.gate.to_gates.weight")) {
            Variable h = c.has("w.ff_before.net.0.gamma") ? t.add(x, dense(bench, x, "w.ff_before.")) : x;
            Variable normed = t.rmsNorm(h, bench.leaf("w.moe_prenorm.gamma"), 0);
            Variable mixed = t.add(h, layer(c, bench, normed, "w.moe."));
            bench.out("y", c.has("w.ff_after.net.0.gamma") ? t.add(mixed, dense(bench, mixed, "w.ff_after.")) : mixed);
        } else if (c.has("w.gate.to_gates.weight")) {
            bench.out("y", layer(c, bench, x, "w."));
        } else {
            gating(c, bench, x);
        }
    }

    private static void gating(GoldenCase c, Bench bench, Variable x) {
        Tape t = bench.tape();
        CapacityRouter.Gated g = gate(c, bench, x, "w.to_gates.weight");
        int columns = c.integer("E") * g.queue().capacity();
        int[] places = Slots.places(g.queue(), g.chosen(), g.queue().capacity());
        Variable combine = t.scatterColumns(g.gates(), places, columns);
        int[] dispatch = Slots.dispatch(places, c.integer("top_n"), columns);
        bench.out("combine", combine);
        bench.out("dispatch_hard", dispatch);
        bench.out("top_indices", g.chosen());
        if (c.has("f64.out.dispatch")) {
            Variable hard = t.constant(combine.shape(), Arrays.stream(dispatch).asDoubleStream().toArray());
            bench.out("dispatch", c.flag("straight_through", false) ? t.add(hard, t.subtract(combine, t.constant(combine.value()))) : hard);
        }
    }

    private static Variable layer(GoldenCase c, Bench bench, Variable x, String prefix) {
        Tape t = bench.tape();
        CapacityRouter.Gated g = gate(c, bench, x, prefix + "gate.to_gates.weight");
        Routing routing = Routing.tokenChoice(c.integer("E"), c.integer("top_n"), g.queue().keptOf(g.chosen()), g.gates(), null, 0, List.of());
        bench.out("top_indices", g.chosen());
        bench.out("kept", Slots.kept(g.queue()));
        return experts(bench, prefix + "experts.experts.*.net.", x, routing, c.flag("straight_through", false));
    }

    private static CapacityRouter.Gated gate(GoldenCase c, Bench bench, Variable x, String weight) {
        Tape t = bench.tape();
        Variable logits = t.linear(x, bench.leaf(weight), null);
        int experts = c.integer("E");
        int n = c.integer("top_n");
        CapacityRouter.Spec spec = new CapacityRouter.Spec(experts, n, c.number("capacity_factor", 1.25), 4, CapacityDialect.ST_MOE, SecondPolicy.RANDOM, 1,
            false, true, 0, 0);
        CapacityRouter.Gated g = CapacityRouter.gate(t, logits, scaledNoise(c, n), c.integer("N"), spec);
        boolean training = c.flag("training", true);
        Variable balance = BalanceLosses.balance(t, Balance.FIRST_CHOICE, g.probabilities(), g.queue().keptOf(g.chosen()), c.integer("N"), null);
        Variable z = BalanceLosses.z(t, logits, null);
        bench.out("balance_loss", training ? balance : t.scale(balance, 0));
        bench.out("router_z_loss", training ? z : t.scale(z, 0));
        if (c.has("f64.out.total_aux_loss")) {
            bench.out("total_aux_loss", t.scale(t.add(t.scale(balance, c.number("balance_loss_coef", 1e-2)),
                t.scale(z, c.number("router_z_loss_coef", 1e-3))), training ? 1 : 0));
        }
        return g;
    }

    /** The draws (n,B,N) as (B·N,n), times each choice's own threshold: u · threshold < gate is what decides. */
    private static double[] scaledNoise(GoldenCase c, int n) {
        double[] drawn = c.values("noise.uniform");
        JsonNode threshold = c.config().path("threshold");
        int tokens = drawn.length / n;
        double[] scaled = new double[drawn.length];
        Arrays.setAll(scaled, i -> {
            int choice = i % n;
            double own = threshold.isArray() ? threshold.path(Math.max(0, choice - 1)).asDouble() : threshold.asDouble(0.2);
            return drawn[choice * tokens + i / n] * own;
        });
        return scaled;
    }

    /** y of every kept slot, combined by the gates. */
    private static Variable experts(Bench bench, String net, Variable x, Routing routing, boolean straightThrough) {
        Tape t = bench.tape();
        Dispatch d = Dispatch.of(t, routing);
        Variable rows = t.gatherRows(x, d.tokens());
        if (straightThrough) {
            Variable gates = t.gatherRows(t.reshape(routing.gates(), -1, 1), d.slots());
            rows = t.multiply(rows, t.addScalar(t.subtract(gates, t.constant(gates.value())), 1));
        }
        Variable both = t.groupedLinear(rows, bench.leaf(bench.stack(net + "0.weight")), bench.leaf(bench.stack(net + "0.bias")), d.starts());
        int[] expert = Arrays.stream(d.slots().toArray()).map(s -> routing.expert().get(s)).toArray();
        Variable h = t.multiply(geglu(t, both), t.gatherRows(bench.leaf(bench.stack(net + "1.mult_bias")), expert));
        Variable y = t.groupedLinear(h, bench.leaf(bench.stack(net + "2.weight")), bench.leaf(bench.stack(net + "2.bias")), d.starts());
        return t.gatherSum(routing.gates(), y, d.rows(), routing.perToken());
    }

    /** The block's dense layers: norm, then one expert. */
    private static Variable dense(Bench bench, Variable x, String prefix) {
        Tape t = bench.tape();
        Variable normed = t.rmsNorm(x, bench.leaf(prefix + "net.0.gamma"), 0);
        Variable both = t.linear(normed, bench.leaf(prefix + "net.1.weight"), bench.leaf(prefix + "net.1.bias"));
        Variable h = t.multiply(geglu(t, both), bench.leaf(prefix + "net.2.mult_bias"));
        return t.linear(h, bench.leaf(prefix + "net.3.weight"), bench.leaf(prefix + "net.3.bias"));
    }

    private static Variable geglu(Tape t, Variable both) {
        int hidden = both.shape().columns() / 2;
        return t.multiply(t.slice(both, -1, 0, hidden), t.gelu(t.slice(both, -1, hidden, 2 * hidden)));
    }
}
