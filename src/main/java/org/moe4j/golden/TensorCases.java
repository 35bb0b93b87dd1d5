package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;

/** Products, sums, softmaxes, indexing and shapes. */
final class TensorCases {
    private TensorCases() {}

    static void matMul(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable batch = bench.leaf("in.A");
        Variable batchB = bench.leaf("in.Bm");
        Variable a = bench.leaf("in.a");
        Variable b = bench.leaf("in.b");
        Variable v = bench.leaf("in.v");
        int m = a.shape().dim(0);
        int k = a.shape().dim(1);
        bench.out("bcast", t.matMul(batch, b));
        bench.out("bmm", t.matMul(batch, batchB));
        bench.out("bmm_t", t.matMul(t.transpose(batchB), batch, false, true));
        bench.out("dot", t.sum(t.square(v)));
        bench.out("einsum_bmk_bkn_bm", t.sum(t.matMul(batch, batchB), 2));
        bench.out("einsum_bmk_kn_to_nbm", t.permute(t.matMul(batch, b), 2, 0, 1));
        bench.out("mm", t.matMul(a, b));
        bench.out("mv", t.reshape(t.matMul(a, t.reshape(v, k, 1)), m));
        bench.out("outer", t.outer(v, t.reshape(t.slice(a, 0, 0, 1), k)));
    }

    static void reductions(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable energy = t.sum(t.square(x), 0, 1);
        bench.out("amax_keep", t.maxKept(x, -1));
        bench.out("argmax", t.argMax(x));
        bench.out("cumsum1", t.cumulativeSum(x, 1, false));
        bench.out("cumsum1_exclusive", t.cumulativeSum(x, 1, true));
        bench.out("cv2_biased", t.squaredCoefficientOfVariation(energy, false));
        bench.out("cv2_unbiased", t.squaredCoefficientOfVariation(energy, true));
        bench.out("max", t.max(x, -1));
        bench.out("mean02", t.mean(x, 0, 2));
        bench.out("min1", t.min(x, 1));
        bench.out("norm1_last", t.sum(t.abs(x), -1));
        bench.out("norm2", t.norm(x));
        bench.out("prod", t.product(x));
        bench.out("std", t.standardDeviation(x, true, 1));
        bench.out("sum", t.sum(x));
        bench.out("sum1", t.sum(x, 1));
        bench.out("var_biased", t.variance(x, false, -1));
        bench.out("var_unbiased", t.variance(x, true, -1));
    }

    static void softmaxFamily(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        bench.out("entropy", t.softmaxEntropy(x));
        bench.out("log_softmax", t.logSoftmax(x));
        bench.out("logsumexp", t.logSumExp(x));
        bench.out("softmax_last", t.softmax(x));
        bench.out("softmax_mid", t.softmax(x, 1));
        bench.out("zloss", t.mean(t.square(t.logSumExp(x))));
    }

    static void indexing(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable src = bench.leaf("in.src");
        int rows = x.shape().dim(0);
        int columns = x.shape().dim(1);
        int[] cols = c.integers("in.cols");
        int perRow = cols.length / rows;
        Variable picked = t.gatherColumns(x, cols, perRow);
        bench.out("gather_cols", picked);
        bench.out("gather_rows", t.gatherRows(x, c.integers("in.rows")));
        bench.out("index_add", t.add(x, t.scatterRows(src, c.integers("in.rows"), rows)));
        bench.out("segment_sum", t.scatterRows(src, c.integers("in.seg"), rows));
        bench.out("scatter_cols", t.scatterColumns(t.scale(picked, 2), cols, columns));
        Variable above = t.greater(x, t.filled(x.shape(), 0.3));
        bench.out("masked_fill", t.maskedFill(x, above, -3));
        bench.out("masked_mean", t.divide(t.sum(t.multiply(x, above)), t.sum(above)));
        Ranked top = t.topK(x, c.tensor("f64.out.topk_values").shape().columns());
        bench.out("topk_values", top.values());
        bench.out("topk_indices", top.indices());
        Ranked sorted = t.sortDescending(x);
        bench.out("sort_values", sorted.values());
        bench.out("sort_indices", sorted.indices());
    }

    static void shapes(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable src = bench.leaf("in.src");
        int rows = x.shape().dim(0);
        int columns = x.shape().dim(1);
        bench.out("cat0", t.concat(0, x, src));
        bench.out("expand", t.expand(t.insertAxis(x, 1), rows, 2, columns));
        bench.out("flip", t.flip(x, 1));
        bench.out("pad", t.pad(t.pad(x, 1, 1, 2, 0.5), 0, 0, 1, 0.5));
        bench.out("permute3", t.permute(t.stack(0, x, t.square(x)), 2, 0, 1));
        bench.out("repeat_interleave", t.repeatInterleave(x, 0, 2));
        bench.out("reshape", t.reshape(x, Arrays.copyOf(c.tensor("f64.out.reshape").shape().dims(), 2)));
        bench.out("slice", t.slice(t.slice(x, 0, 1, -1), 1, 0, columns, 2));
        List<Variable> chunks = t.split(src, 0, 3);
        bench.out("split_sum", IntStream.range(0, chunks.size()).mapToObj(i -> t.scale(t.sum(chunks.get(i)), i + 1))
            .reduce(t::add).orElseThrow());
        bench.out("stack", t.stack(1, x, t.scale(x, 2)));
        bench.out("transpose", t.transpose(x));
        bench.out("tril", t.multiply(x, t.lowerTriangle(rows, columns, 0)));
    }
}
