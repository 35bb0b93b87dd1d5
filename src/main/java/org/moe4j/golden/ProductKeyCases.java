package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** Product keys of any number of factors, and attention whose keys and values they find, in the layout of lucidrains' PEER-pytorch. */
final class ProductKeyCases {
    private ProductKeyCases() {}

    /** What each head of each token finds: the slot is the sum over the factors p of i_p N^p. */
    static void retrieval(GoldenCase c, Bench bench, Variable x) {
        int k = c.integer("final_topk");
        Ranked found = retrieve(bench, x, "w.", c.integer("product_key_topk", k), k);
        bench.out("indices", found.indices());
        bench.out("scores", found.values());
        bench.out("softmax", bench.tape().softmax(found.values()));
    }

    /**
     * Self-attention in which the key and the value of a token, for each head, are mixtures of K rows of two tables: those that its product
     * keys find, by the softmax of their scores.
     *
     * @param x (B·T,D), normed if the case says so
     */
    static void attention(GoldenCase c, Bench bench, Variable x) {
        Tape t = bench.tape();
        int batch = c.tensor("in.x").shape().dim(0);
        int time = c.tensor("in.x").shape().dim(1);
        int dim = x.shape().columns();
        int k = c.integer("key_value_pk_topk", 16);
        Ranked found = retrieve(bench, x, "w.to_kv_pk_indices.", k, k);
        int heads = found.values().shape().dim(1);
        Variable weights = t.softmax(found.values());                             // (B·T, H, K)
        int[] rows = found.indices().toArray();
        int perHead = c.tensor("w.keys.weight").shape().dim(0) / heads;
        Arrays.setAll(rows, i -> rows[i] + i / k % heads * perHead);
        Variable byHead = t.reshape(weights, -1, k);                              // (B·T·H, K)
        Variable keys = heads(t, t.gatherSum(byHead, bench.leaf("w.keys.weight"), rows, k), batch, time, heads, dim);
        Variable values = heads(t, t.gatherSum(byHead, bench.leaf("w.values.weight"), rows, k), batch, time, heads, dim);
        Variable queries = heads(t, t.linear(x, bench.leaf("w.to_queries.0.weight"), null), batch, time, heads, dim);
        Variable scores = t.scale(t.matMul(queries, keys, false, true), 1 / Math.sqrt(dim));
        Variable p = t.softmax(t.add(scores, t.log(seen(c, t, batch, time))));    // (B, H, T, T)
        Variable y = t.permute(t.matMul(p, values), 0, 2, 1, 3);
        bench.out("indices", found.indices());
        bench.out("scores", found.values());
        bench.out("attn", p);
        bench.out("y", t.linear(t.reshape(y, batch * time, heads * dim), bench.leaf("w.to_out.1.weight"), null));
    }

    /** 1 where a token sees another, 0 elsewhere: its past, or all that the mask keeps. */
    private static Variable seen(GoldenCase c, Tape t, int batch, int time) {
        if (c.flag("causal", true)) {
            return t.lowerTriangle(time, time, 0);
        }
        return c.has("in.mask") ? t.constant(Shape.of(batch, 1, 1, time), c.values("in.mask")) : t.filled(Shape.of(time, time), 1);
    }

    /** (B·T·H,D) or (B·T,H·D) as (B,H,T,D). */
    private static Variable heads(Tape t, Variable x, int batch, int time, int heads, int dim) {
        return t.permute(t.reshape(x, batch, time, heads, dim), 0, 2, 1, 3);
    }

    /** Keys of P factors (P,N,H,d) and the K best of their N^P combinations, found among the best candidates of each factor, (T,H,K). */
    private static Ranked retrieve(Bench bench, Variable x, String prefix, int most, int k) {
        Tape t = bench.tape();
        Layout keys = bench.at(prefix + "keys");
        int factors = keys.shape().dim(0);
        int n = keys.shape().dim(1);
        int heads = keys.shape().dim(2);
        int width = keys.shape().dim(3);
        int candidates = Math.min(most, n);
        Variable q = t.reshape(t.linear(x, bench.leaf(prefix + "to_queries.0.weight"), null), -1, factors, heads, width);
        Variable sums = null;
        List<int[]> best = new ArrayList<>();
        for (int p = 0; p < factors; p++) {
            Variable part = t.reshape(t.slice(q, 1, p, p + 1), -1, heads, width);
            Ranked top = t.topK(PeerCases.scores(t, part, bench.leaf(keys.row(p).permute(1, 0, 2))), candidates);
            best.add(top.indices().toArray());
            sums = sums == null ? top.values()
                : t.reshape(t.add(t.insertAxis(top.values(), 3), t.insertAxis(sums, 2)), x.shape().rows(), heads, -1);  // this factor is slower
        }
        Ranked top = t.topK(sums, k);
        int[] slots = new int[top.indices().length()];
        for (int i = 0; i < slots.length; i++) {
            int combination = top.indices().get(i);
            int stride = 1;
            for (int[] factor : best) {
                slots[i] += stride * factor[i / k * candidates + combination % candidates];
                combination /= candidates;
                stride *= n;
            }
        }
        return new Ranked(top.values(), IntStorage.of(slots));
    }
}
