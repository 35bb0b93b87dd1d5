package org.moe4j.golden;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.ProductKeyRouter.Norm;
import org.moe4j.experts.ProductKeyRouter.Retrieval;
import org.moe4j.experts.ProductKeyRouter.Scores;
import org.moe4j.experts.Routing;
import org.moe4j.experts.ValueExperts;
import org.moe4j.nn.BatchNorm;
import org.moe4j.nn.Pass;

/** Product-key memories: that of the paper's authors, with product or flat keys, and lucidrains'. */
final class ProductKeyMemoryCases implements Family {
    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.family().equals("pkm_lucid")) {
            lucid(c, bench);
        } else if (c.text("implementation", "pq_fast").equals("flat")) {
            flat(c, bench);
        } else {
            authors(c, bench);
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
        Variable y = read(bench, found.routing(t, spec));
        if (c.has("w.output_norm.weight")) {
            y = t.layerNorm(y, bench.leaf("w.output_norm.weight"), bench.leaf("w.output_norm.bias"), 1e-5);
        }
        bench.out("indices", found.experts());
        bench.out("raw_scores", found.scores());
        bench.out("y", y);
    }

    private static void authors(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        int n = c.integer("n_keys");
        boolean shared = !c.flag("use_different_keys", true);
        Norm norm = c.flag("query_batchnorm", false) ? Norm.BATCH : c.flag("normalize_query", false) ? Norm.LENGTH : Norm.NONE;
        ProductKeyRouter.Spec spec = new ProductKeyRouter.Spec(n * n, c.integer("heads"), c.integer("knn"), c.integer("k_dim"), shared, norm, scores(c), true);
        Retrieval found;
        Variable query = null;
        if (norm != Norm.LENGTH && c.text("query_layer_sizes", "0,0").equals("0,0") && !c.flag("multi_query_net", false)) {
            ProductKeyRouter router = new ProductKeyRouter(spec, x.shape().columns(), bench.init());
            Map<String, Layout> weights = new LinkedHashMap<>();
            weights.put("query.weight", bench.at("w.query_proj.query_mlps.0.weight"));
            weights.put("query.bias", bench.at("w.query_proj.query_mlps.0.bias"));
            weights.put("keys.first", keys(bench, shared, 0));
            weights.put("keys.second", keys(bench, shared, 1));
            if (norm == Norm.BATCH) {
                weights.put("norm.weight", bench.at("w.query_proj.query_mlps.1.weight"));
                weights.put("norm.bias", bench.at("w.query_proj.query_mlps.1.bias"));
            }
            bench.load(router, weights);
            found = router.retrieve(t, x, new Pass(1, x.shape().rows(), c.flag("train", true), null, null, null, null));
        } else {
            query = networks(c, bench, x);
            found = ProductKeyRouter.retrieve(t, divided(c, t, query), bench.leaf(keys(bench, shared, 0)), bench.leaf(keys(bench, shared, 1)), spec);
        }
        bench.out("query", query == null ? found.query() : query);
        bench.out("indices", found.experts());
        bench.out("raw_scores", found.scores());
        bench.out("y", read(bench, found.routing(t, spec)));
    }

    /** All slots have keys of their own: the best of all, without products. */
    private static void flat(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = MixtralCases.tokens(t, bench.leaf("in.x"));
        int heads = c.integer("heads");
        int width = c.integer("k_dim");
        Variable query = networks(c, bench, x);
        Variable q = t.reshape(divided(c, t, query), -1, heads, width);
        Variable keys = bench.leaf("w.keys");
        Variable scores = keys.shape().rank() == 2 ? t.linear(q, keys, null)
            : t.permute(t.matMul(t.permute(q, 1, 0, 2), keys, false, true), 1, 0, 2);                       // (T, H, N)
        Ranked top = t.topK(scores, c.integer("knn"));
        Variable gates = scores(c) == Scores.SOFTMAX ? t.softmax(top.values()) : top.values();
        int slots = heads * c.integer("knn");
        bench.out("query", query);
        bench.out("indices", top.indices());
        bench.out("raw_scores", top.values());
        bench.out("y", read(bench, Routing.tokenChoice(c.integer("n_keys"), slots, top.indices(), t.reshape(gates, -1, slots), null, 0, List.of())));
    }

    private static Variable read(Bench bench, Routing routing) {
        return new ValueExperts(bench.parameter(bench.at("w.values.weight"))).forward(bench.tape(), null, routing);
    }

    /** Sub-keys (H,2,N,d) of one side, or (N,d) for both sides and all heads. */
    private static Layout keys(Bench bench, boolean shared, int side) {
        return shared ? bench.at("w.keys") : bench.at("w.keys").permute(1, 0, 2, 3).row(side);
    }

    /** The queries (T, H·dk) of one network, or of one for each part of them side by side. */
    private static Variable networks(GoldenCase c, Bench bench, Variable x) {
        String all = "w.query_proj.query_mlps.";
        if (!c.flag("multi_query_net", false)) {
            return network(c, bench, x, all);
        }
        List<Variable> parts = new ArrayList<>();
        IntStream.iterate(0, i -> c.has(all + i + ".0.weight"), i -> i + 1).forEach(i -> parts.add(network(c, bench, x, all + i + ".")));
        return bench.tape().concat(-1, parts);
    }

    /** Linear layers (their weights have two axes) and batch norms (one axis); numbers left out are the ReLUs between them. */
    private static Variable network(GoldenCase c, Bench bench, Variable x, String prefix) {
        Tape t = bench.tape();
        Variable y = x;
        for (int i = 0; c.has(prefix + i + ".weight") || c.has(prefix + (i + 1) + ".weight"); i++) {
            String weight = prefix + i + ".weight";
            if (!c.has(weight)) {
                y = t.relu(y);
            } else if (c.tensor(weight).shape().rank() == 2) {
                y = t.linear(y, bench.leaf(weight), bench.leafIfPresent(prefix + i + ".bias"));
            } else {
                BatchNorm norm = new BatchNorm(c.tensor(weight).size(), 1e-5, 0.1, bench.init());
                bench.load(norm, Map.of("weight", bench.at(weight), "bias", bench.at(prefix + i + ".bias")));
                y = norm.forward(t, y, c.flag("train", true));
            }
        }
        return y;
    }

    /** Each query, or each of its halves, divided by its length if the case says so. */
    private static Variable divided(GoldenCase c, Tape t, Variable queries) {
        if (!c.flag("normalize_query", false)) {
            return queries;
        }
        int part = c.text("implementation", "").equals("flat") ? c.integer("k_dim") : c.integer("k_dim") / 2;
        Variable split = t.reshape(queries, -1, part);
        return t.reshape(t.divide(split, t.sqrt(t.sumKept(t.square(split), -1))), queries.shape());
    }

    private static Scores scores(GoldenCase c) {
        if (!c.flag("score_softmax", true) || c.flag("score_normalize", false) || !c.text("score_subtract", "").isEmpty()) {
            throw Verdict.notCovered("there are no gates but the softmax of the scores");
        }
        return Scores.SOFTMAX;
    }
}
