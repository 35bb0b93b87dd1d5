package org.moe4j.golden;

import java.util.Arrays;
import java.util.Map;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.BatchNorm;

/** The layers of a language model that have no memory: linear, embeddings, norms, feed-forward blocks, cross-entropy. */
final class LayerCases {
    private LayerCases() {}

    static void linear(GoldenCase c, Bench bench) {
        bench.out("y", bench.tape().linear(bench.leaf("in.x"), bench.leaf("w.weight"), bench.leafIfPresent("w.bias")));
    }

    static void layerNorm(GoldenCase c, Bench bench) {
        bench.out("y", bench.tape().layerNorm(bench.leaf("in.x"), bench.leafIfPresent("w.weight"), bench.leafIfPresent("w.bias"), c.number("eps", 1e-5)));
    }

    static void rmsNorm(GoldenCase c, Bench bench) {
        bench.out("y", bench.tape().rmsNorm(bench.leaf("in.x"), bench.leafIfPresent("w.weight"), c.number("eps", 1e-5)));
    }

    static void batchNorm(GoldenCase c, Bench bench) {
        if (!c.has("w.weight")) {
            throw Verdict.notCovered("there is no batch normalisation without gain and bias");
        }
        BatchNorm layer = new BatchNorm(c.tensor("w.weight").shape().dim(0), c.number("eps", 1e-5), c.number("momentum", 0.1), bench.init());
        bench.load(layer, Map.of("weight", bench.at("w.weight"), "bias", bench.at("w.bias"),
                "runningMean", bench.at("noise.running_mean"), "runningVariance", bench.at("noise.running_var")));
        bench.out("y", layer.forward(bench.tape(), bench.leaf("in.x"), c.flag("training", true)));
        bench.out("running_mean", layer.runningMean());
        bench.out("running_var", layer.runningVariance());
    }

    static void embedding(GoldenCase c, Bench bench) {
        bench.out("y", bench.tape().embedding(bench.leaf("w.weight"), c.integers("in.ids"), c.tensor("in.ids").shape()));
    }

    static void embeddingBag(GoldenCase c, Bench bench) {
        Variable weights = bench.leafIfPresent("in.per_sample_weights");
        int perBag = c.tensor("in.ids").shape().columns();
        Variable sum = bench.tape().gatherSum(weights, bench.leaf("w.weight"), c.integers("in.ids"), perBag);
        bench.out("y", c.kind().startsWith("embedding_bag_mean") ? bench.tape().scale(sum, 1.0 / perBag) : sum);
    }

    static void tiedEmbedding(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable table = bench.leaf("w.emb");
        Variable x = t.embedding(table, c.integers("in.ids"), c.tensor("in.ids").shape());
        Variable logits = t.linear(t.tanh(t.linear(x, bench.leaf("w.proj"), null)), table, null);
        bench.out("logits", logits);
        bench.out("loss", t.crossEntropy(logits, c.integers("in.target")));
    }

    static void crossEntropy(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable logits = bench.leaf("in.logits");
        int ignored = c.integer("ignore_index", -100);
        int[] target = Arrays.stream(c.integers("in.target")).map(id -> id == ignored ? -1 : id).toArray();
        double smoothing = c.number("label_smoothing", 0);
        bench.out("loss", switch (c.text("reduction", "mean")) {
            case "mean" -> t.crossEntropy(logits, target, smoothing);
            case "sum" -> t.sum(t.crossEntropyPerRow(logits, target, smoothing));
            case "none" -> t.crossEntropyPerRow(logits, target, smoothing);
            default -> throw Verdict.notCovered("there is no reduction '" + c.text("reduction", "") + "'");
        });
    }

    static void geglu(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable both = t.linear(bench.leaf("in.x"), bench.leaf("w.w1"), bench.leafIfPresent("w.b1"));
        int hidden = both.shape().columns() / 2;
        Variable gated = t.multiply(t.slice(both, -1, 0, hidden), t.gelu(t.slice(both, -1, hidden, 2 * hidden)));
        bench.out("y", t.linear(gated, bench.leaf("w.w2"), bench.leafIfPresent("w.b2")));
    }

    static void geluMlp(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable hidden = t.gelu(t.linear(bench.leaf("in.x"), bench.leaf("w.w1"), bench.leafIfPresent("w.b1")));
        bench.out("y", t.linear(hidden, bench.leaf("w.w2"), bench.leafIfPresent("w.b2")));
    }

    static void swiglu(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable hidden = t.multiply(t.silu(t.linear(x, bench.leaf("w.w1"), null)), t.linear(x, bench.leaf("w.w3"), null));
        bench.out("y", t.linear(hidden, bench.leaf("w.w2"), null));
    }
}
