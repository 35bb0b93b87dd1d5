package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.ProductKeyRouter.Norm;
import org.moe4j.experts.ProductKeyRouter.Retrieval;
import org.moe4j.experts.ProductKeyRouter.Scores;
import org.moe4j.experts.Routing;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.nn.Activation;

/** PEER and PEER as low-rank adapters, in lucidrains' layout; {@link ProductKeyCases} has what else is there. */
final class PeerCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("w.to_kv_pk_indices.keys")) {
            ProductKeyCases.attention(c, bench, input(c, bench));
        } else if (c.has("w.proj_in.weight")) {
            adapters(c, bench);
        } else if (c.has("w.weight_down_embed.weight")) {
            layer(c, bench);
        } else {
            ProductKeyCases.retrieval(c, bench, input(c, bench));
        }
    }

    private static void layer(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = input(c, bench);
        Routing routing = retrieve(c, bench, x);
        SingleNeuronExperts experts = new SingleNeuronExperts(activation(c),
            bench.parameter(bench.at("w.weight_down_embed.weight")), null, bench.parameter(bench.at("w.weight_up_embed.weight")));
        bench.out("y", experts.forward(t, x, c.flag("separate_embed_per_head", false) ? byHead(routing, c.integer("heads")) : routing));
    }

    /** h = in x + sum of g (x · a_e) b_e; y = out σ(h) + the same with tables of its own. */
    private static void adapters(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = input(c, bench);
        Routing routing = retrieve(c, bench, x);
        Variable h = activation(c).apply(t, adapted(bench, x, routing, "w.proj_in"), null);
        bench.out("y", adapted(bench, h, routing, "w.proj_out"));
    }

    /** The tokens, normed by their length where the case has a gain: x / |x| sqrt(D) (gamma + 1). */
    private static Variable input(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        return c.has("w.norm.gamma") ? t.rmsNorm(x, t.addScalar(bench.leaf("w.norm.gamma"), 1), 0) : x;
    }

    private static Variable adapted(Bench bench, Variable x, Routing routing, String name) {
        Tape t = bench.tape();
        Variable dots = t.gatherDot(x, bench.leaf(name + "_lora_a.weight"), routing.expert(), routing.perToken());
        Variable low = t.gatherSum(t.multiply(dots, routing.gates()), bench.leaf(name + "_lora_b.weight"), routing.expert(), routing.perToken());
        return t.add(t.linear(x, bench.leaf(name + ".weight"), null), low);
    }

    /** Who is retrieved, stated as the case's indices and scores. */
    private static Routing retrieve(GoldenCase c, Bench bench, Variable x) {
        int heads = c.integer("heads");
        boolean competing = !c.flag("non_competing_scores", true);
        int k = competing ? c.integer("num_experts_per_head", 16) : 1;            // the source keeps one expert a head otherwise
        ProductKeyRouter.Spec spec = spec(c.integer("num_experts"), heads, k, bench.at("w.keys").shape().columns(), competing);
        Tape t = bench.tape();
        Variable query = t.linear(x, bench.leaf(queries(bench, "w.to_queries.0.weight", heads)), null);
        Variable first = bench.leaf(side(bench, "w.keys", 0));
        Variable second = bench.leaf(side(bench, "w.keys", 1));
        int candidates = c.integer("product_key_topk", k);
        Retrieval found = candidates < k ? inexact(t, query, first, second, candidates, k) : ProductKeyRouter.retrieve(t, query, first, second, spec);
        bench.out("indices", found.experts());
        bench.out("scores", found.scores());
        return found.routing(t, spec);
    }

    /** Fewer candidates a side than experts wanted: what is found need not be the best. */
    private static Retrieval inexact(Tape t, Variable query, Variable first, Variable second, int candidates, int k) {
        Variable halves = t.reshape(query, -1, first.shape().dim(0), 2 * first.shape().columns());
        int half = first.shape().columns();
        Ranked top = t.productTopK(scores(t, t.slice(halves, -1, 0, half), first), scores(t, t.slice(halves, -1, half, 2 * half), second), candidates, k);
        return new Retrieval(query, top.values(), top.indices());
    }

    /** q (T,H,d) against the keys (H,N,d) of each head: (T,H,N). */
    static Variable scores(Tape t, Variable q, Variable keys) {
        return t.permute(t.matMul(t.permute(q, 1, 0, 2), keys, false, true), 1, 0, 2);
    }

    static ProductKeyRouter.Spec spec(int experts, int heads, int k, int half, boolean competing) {
        return new ProductKeyRouter.Spec(experts, heads, k, 2 * half, false, Norm.NONE, competing ? Scores.SOFTMAX : Scores.RELU, false);
    }

    /** Query rows ordered half, head, width as ours: head, half, width. */
    static Layout queries(Bench bench, String tensor, int heads) {
        Layout w = bench.at(tensor);
        int out = w.shape().dim(0);
        int in = w.shape().dim(1);
        return w.reshape(2, heads, out / heads / 2, in).permute(1, 0, 2, 3).reshape(out, in);
    }

    /** The sub-keys (H,N,d) of one side of keys (H,N,2,d). */
    static Layout side(Bench bench, String tensor, int side) {
        return bench.at(tensor).permute(2, 0, 1, 3).row(side);
    }

    /** Tables of their own for each head, one after another. */
    private static Routing byHead(Routing shared, int heads) {
        int k = shared.perToken() / heads;
        int[] expert = shared.expert().toArray();
        Arrays.setAll(expert, s -> expert[s] + s / k % heads * shared.experts());
        return Routing.tokenChoice(heads * shared.experts(), shared.perToken(), expert, shared.gates(), null, 0, List.of());
    }

    private static Activation activation(GoldenCase c) {
        return switch (c.text("activation", "gelu")) {
            case "relu" -> Activation.RELU;
            case "gelu" -> Activation.GELU;
            case "silu" -> Activation.SILU;
            default -> throw Verdict.notCovered("there is no PEER with the activation '" + c.text("activation", "") + "'");
        };
    }
}
