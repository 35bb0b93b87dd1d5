package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
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
import org.moe4j.nn.BatchNorm;
import org.moe4j.nn.Pass;

/** The memory of the authors of product keys (XLM), with product or flat keys and every way they have to make gates of scores. */
final class AuthorsMemoryCases {
    private AuthorsMemoryCases() {}

    static void compute(GoldenCase c, Bench bench) {
        Variable x = MixtralCases.tokens(bench.tape(), bench.leaf("in.x"));
        Retrieval found = switch (c.text("implementation", "pq_fast")) {
            case "flat" -> flat(c, bench, x);
            case "pq_fast", "pq_default" -> products(c, bench, x);
            default -> throw Verdict.notCovered("there is no memory of the implementation '" + c.text("implementation", "") + "'");
        };
        bench.out("query", found.query());
        bench.out("indices", found.experts());
        bench.out("raw_scores", found.scores());
        bench.out("y", ProductKeyMemoryCases.read(bench, routing(c, bench, found)));
    }

    private static Retrieval products(GoldenCase c, Bench bench, Variable x) {
        int n = c.integer("n_keys");
        boolean shared = !c.flag("use_different_keys", true);
        Norm norm = c.flag("query_batchnorm", false) ? Norm.BATCH : Norm.NONE;
        ProductKeyRouter.Spec spec = new ProductKeyRouter.Spec(n * n, c.integer("heads"), c.integer("knn"), c.integer("k_dim"), shared, norm, Scores.SOFTMAX, true);
        boolean trained = c.flag("train", true);
        if (c.text("query_layer_sizes", "0,0").equals("0,0") && !c.flag("multi_query_net", false) && !c.flag("normalize_query", false)
            && c.has("w.query_proj.query_mlps.0.bias") && trained) {
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
            return router.retrieve(bench.tape(), x, new Pass(1, x.shape().rows(), true, null, null, null, null));
        }
        Variable query = networks(c, bench, x);
        Retrieval found = ProductKeyRouter.retrieve(bench.tape(), divided(c, bench.tape(), query), bench.leaf(keys(bench, shared, 0)), bench.leaf(keys(bench, shared, 1)), spec);
        return new Retrieval(query, found.scores(), found.experts());
    }

    /** All slots have keys of their own: the best of all, without products. */
    private static Retrieval flat(GoldenCase c, Bench bench, Variable x) {
        Tape t = bench.tape();
        Variable query = networks(c, bench, x);
        Variable q = t.reshape(divided(c, t, query), -1, c.integer("heads"), c.integer("k_dim"));
        Variable keys = bench.leaf("w.keys");
        Variable scores = keys.shape().rank() == 2 ? t.linear(q, keys, null) : PeerCases.scores(t, q, keys);                 // (T, H, N)
        Ranked top = t.topK(scores, c.integer("knn"));
        return new Retrieval(query, top.values(), top.indices());
    }

    /** The slots read, modulo the memory's size if it has fewer than there are keys, and the gates that their scores make. */
    private static Routing routing(GoldenCase c, Bench bench, Retrieval found) {
        int size = c.tensor("w.values.weight").shape().dim(0);
        int[] slots = Arrays.stream(found.experts().toArray()).map(slot -> slot % size).toArray();
        int perToken = c.integer("heads") * c.integer("knn");
        return Routing.tokenChoice(size, perToken, slots, bench.tape().reshape(gates(c, bench.tape(), found.scores()), -1, perToken), null, 0, List.of());
    }

    /** Scores (T,H,K), best first: divided by a temperature, through a softmax, less the least, mean or median of the K, divided by their sizes' sum. */
    private static Variable gates(GoldenCase c, Tape t, Variable scores) {
        int k = scores.shape().columns();
        Variable scaled = t.scale(scores, 1 / c.number("temperature", 1));
        Variable gates = c.flag("score_softmax", true) ? t.softmax(scaled) : scaled;
        String subtracted = c.text("score_subtract", "");
        gates = switch (subtracted) {
            case "" -> gates;
            case "min" -> t.subtract(gates, t.slice(gates, -1, k - 1, k));
            case "mean" -> t.subtract(gates, t.meanKept(gates, -1));
            case "median" -> t.subtract(gates, t.slice(gates, -1, k / 2, k / 2 + 1));  // the lower of two
            default -> throw Verdict.notCovered("nothing is subtracted from scores that is called '" + subtracted + "'");
        };
        return c.flag("score_normalize", false) ? t.divide(gates, t.sumKept(t.abs(gates), -1)) : gates;
    }

    /** Sub-keys (H,2,N,d) of one side, or (N,d) for both sides and all heads. */
    private static Layout keys(Bench bench, boolean shared, int side) {
        return shared ? bench.at("w.keys") : bench.at("w.keys").permute(1, 0, 2, 3).row(side);
    }

    /** The queries (T, H·dk) of one network, or of one for each part of them side by side; the tokens themselves where there is no network. */
    private static Variable networks(GoldenCase c, Bench bench, Variable x) {
        if (c.text("query_layer_sizes", "0,0").isEmpty()) {
            return bench.tape().reshape(bench.tape().repeatInterleave(x, 0, c.integer("heads")), x.shape().rows(), -1);
        }
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
                Map<String, Layout> weights = new HashMap<>(Map.of("weight", bench.at(weight), "bias", bench.at(prefix + i + ".bias")));
                String buffers = prefix.replaceFirst("^w", "noise") + i;
                bench.atIfPresent(buffers + ".running_mean").ifPresent(mean -> weights.put("runningMean", mean));
                bench.atIfPresent(buffers + ".running_var").ifPresent(variance -> weights.put("runningVariance", variance));
                bench.load(norm, weights);
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
}
