package org.moe4j.golden;

import java.util.Map;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.ProductKeyRouter.Norm;
import org.moe4j.experts.ProductKeyRouter.Retrieval;
import org.moe4j.experts.ProductKeyRouter.Scores;
import org.moe4j.experts.Routing;
import org.moe4j.experts.ValueExperts;
import org.moe4j.nn.Pass;

/** Product-key memories: lucidrains', and by {@link AuthorsMemoryCases} that of the paper's authors. */
final class ProductKeyMemoryCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.family().equals("pkm_lucid")) {
            lucid(c, bench);
        } else {
            AuthorsMemoryCases.compute(c, bench);
        }
    }

    private static void lucid(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        if (c.has("w.pre_layernorm.weight")) {
            x = t.layerNorm(x, bench.leaf("w.pre_layernorm.weight"), bench.leaf("w.pre_layernorm.bias"), 1e-5);
        }
        int heads = c.integer("heads");
        int n = c.integer("num_keys");
        ProductKeyRouter.Spec spec = new ProductKeyRouter.Spec(n * n, heads, c.integer("topk"), 2 * c.integer("dim_head"), false, Norm.LAYER,
            c.flag("non_competitive_gates", false) ? Scores.RELU : Scores.SOFTMAX, false);
        ProductKeyRouter router = new ProductKeyRouter(spec, x.shape().columns(), bench.init());
        bench.load(router, Map.of("query.weight", PeerCases.queries(bench, "w.to_queries.weight", heads),
            "norm.weight", bench.at("w.norm.weight"), "norm.bias", bench.at("w.norm.bias"),
            "keys.first", PeerCases.side(bench, "w.keys", 0), "keys.second", PeerCases.side(bench, "w.keys", 1)));
        Retrieval found = router.retrieve(t, x, Pass.evaluation(1, x.shape().rows()));
        Variable y = c.flag("concat_values_and_combine", false) ? combined(bench, found, spec) : read(bench, found.routing(t, spec));
        if (c.has("w.output_norm.weight")) {
            y = t.layerNorm(y, bench.leaf("w.output_norm.weight"), bench.leaf("w.output_norm.bias"), 1e-5);
        }
        bench.out("indices", found.experts());
        bench.out("raw_scores", found.scores());
        bench.out("y", y);
    }

    /** The values that a head found, summed whatever their scores, side by side with the other heads' in front of a linear layer: no gradient reaches keys and queries. */
    private static Variable combined(Bench bench, Retrieval found, ProductKeyRouter.Spec spec) {
        Tape t = bench.tape();
        Variable sums = t.gatherSum(null, bench.leaf("w.values.weight"), found.experts(), spec.topK());     // (T·H, dh)
        return t.linear(t.reshape(sums, -1, spec.heads() * sums.shape().columns()), bench.leaf("w.maybe_concat_combine.2.weight"), null);
    }

    static Variable read(Bench bench, Routing routing) {
        return new ValueExperts(bench.parameter(bench.at("w.values.weight"))).forward(bench.tape(), null, routing);
    }
}
