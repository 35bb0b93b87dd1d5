package org.moe4j.backend;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** One case for each method of a back end (and each elementwise function), over random awkward sizes. */
public final class KernelCases {
    private KernelCases() {}

    /** The cases by name. */
    public static Map<String, Consumer<KernelTrial>> all() {
        Map<String, Consumer<KernelTrial>> cases = new LinkedHashMap<>();
        storages(cases);
        for (Unary.Function function : Unary.Function.values()) {
            cases.put("unary " + function, t -> unary(t, function));
        }
        for (Binary f : Binary.values()) {
            cases.put("binary " + f, t -> binary(t, f));
        }
        cases.put("move", KernelCases::move);
        cases.put("gemm", KernelCases::gemm);
        cases.put("large gemm", KernelCases::largeGemm);
        cases.put("grouped gemm", KernelCases::groupedGemm);
        tables(cases);
        columns(cases);
        rowWise(cases);
        cases.put("layer norm", KernelCases::layerNorm);
        cases.put("rms norm", KernelCases::rmsNorm);
        cases.put("attention", KernelCases::attention);
        cases.put("rotary", KernelCases::rotary);
        cases.put("adam", KernelCases::adam);
        return cases;
    }

    private static void storages(Map<String, Consumer<KernelTrial>> cases) {
        cases.put("fill", t -> t.on.fill(t.output(t.size(0)), 0.75));
        cases.put("copy", t -> {
            int n = t.size(0);
            t.on.copy(t.normals(n), t.output(n));
        });
        cases.put("axpy", t -> {
            int n = t.size(0);
            t.on.axpy(-1.5, t.normals(n), t.output(n));
        });
        cases.put("scale", t -> t.on.scale(0.3, t.output(t.size(0) * 300)));
        cases.put("sum of squares", t -> t.keep(t.on.sumOfSquares(t.normals(t.size(0) * 300))));
        cases.put("uniform", t -> t.on.uniform(CounterRandom.of(7, "u"), -2, 3, t.output(t.size(0))));
        cases.put("normal", t -> t.on.normal(CounterRandom.of(7, "n"), 0.02, t.output(t.size(0))));
    }

    private static void unary(KernelTrial t, Unary.Function function) {
        Unary f = new Unary(function, function == Unary.Function.CLAMP ? -0.5 : 0.7, 1.25);
        int n = t.coin() ? t.size(0) : 20_000 + t.size(0);
        Storage x = switch (function) {
            case LOG, SQRT, RSQRT, RECIPROCAL, POWER -> t.within(0.2, 5, n);
            case LOG1P -> t.within(-0.8, 5, n);
            default -> t.within(-6, 6, n);
        };
        Storage y = t.output(n);
        t.on.unary(f, x, y);
        t.on.unaryGrad(f, x, y, t.normals(n), t.output(n));
    }

    /** Each axis of each operand is stretched or not. */
    private static void binary(KernelTrial t, Binary f) {
        int[] dims = t.ints(1 + t.below(3), 1, 24);
        dims[t.below(dims.length)] = t.size(0);
        Storage y = t.output(product(dims));
        Strided a = stretched(t, dims, false);
        Strided b = stretched(t, dims, f == Binary.DIVIDE);
        t.on.binary(f, dims, a, b, y);
        Storage da = t.output((int) a.data().size());
        Storage db = t.output((int) b.data().size());
        t.on.binaryGrad(f, dims, a, b, t.normals(product(dims)), da, db);
    }

    private static Strided stretched(KernelTrial t, int[] dims, boolean positive) {
        int[] own = dims.clone();
        for (int i = 0; i < own.length; i++) {
            own[i] = t.below(3) == 0 ? 1 : own[i];
        }
        Shape shape = Shape.of(own);
        int n = product(own);
        return new Strided(positive ? t.within(0.5, 2, n) : t.normals(n), 0, shape.stridesWhenBroadcastTo(Shape.of(dims)));
    }

    /** A permutation of axes; with add, some axes are summed. */
    private static void move(KernelTrial t) {
        int[] dims = {t.size(0), 1 + t.below(5), 1 + t.below(40)};
        boolean add = t.coin();
        int[] order = new int[][] {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {0, 2, 1}}[t.below(4)];
        long[] strides = new long[3];
        long stride = 1;
        for (int i = 2; i >= 0; i--) {
            boolean summed = add && t.coin();
            strides[order[i]] = summed ? 0 : stride;
            stride *= summed ? 1 : dims[order[i]];
        }
        Storage x = t.normals(product(dims));
        Storage y = t.output((int) stride);
        boolean backwards = dims[0] > 0 && t.coin();
        long[] read = Shape.of(dims).strides();
        long offset = backwards ? (dims[0] - 1) * read[0] : 0;
        if (backwards) {
            read[0] = -read[0];
        }
        t.on.move(dims, new Strided(x, offset, read), new Strided(y, 0, strides), add);
    }

    private static void gemm(KernelTrial t) {
        int m = t.size(0);
        int n = t.size(0);
        int k = t.size(0);
        t.on.gemm(t.coin(), t.coin(), m, n, k, t.normals(m * k), t.normals(k * n), t.output(m * n), t.coin());
    }

    /** More than one block of rows, of k and of columns. */
    private static void largeGemm(KernelTrial t) {
        int[] size = new int[][] {{397, 70, 530}, {40, 600, 256}, {1, 300, 1030}, {64, 256, 129}}[t.below(4)];
        int m = size[0];
        int n = size[1];
        int k = size[2];
        t.on.gemm(t.coin(), t.coin(), m, n, k, t.normals(m * k), t.normals(k * n), t.output(m * n), t.coin());
    }

    private static void groupedGemm(KernelTrial t) {
        int experts = 1 + t.below(6);
        int[] starts = new int[experts + 1];
        starts[0] = t.below(3);
        for (int e = 0; e < experts; e++) {
            starts[e + 1] = starts[e] + t.size(0);
        }
        int rows = starts[experts] + t.below(3);
        int n = t.size(0);
        int k = t.size(0);
        Storage x = t.normals(rows * k);
        t.on.groupedGemm(starts, t.coin(), n, k, x, t.normals(experts * k * n), t.output(rows * n), t.coin());
        t.on.groupedGemmWeights(starts, k, n, x, t.normals(rows * n), t.output(experts * k * n));
    }

    private static void tables(Map<String, Consumer<KernelTrial>> cases) {
        cases.put("gather and scatter rows", t -> {
            int width = t.size(0);
            int[] rows = t.ints(t.size(0) * 4, -1, 37);
            t.on.gatherRows(t.normals(37 * width), width, rows, t.output(rows.length * width));
            t.on.scatterAddRows(t.normals(rows.length * width), width, rows, t.output(37 * width));
        });
        cases.put("gather products", t -> {
            int width = t.size(0);
            int perRow = t.size(1);
            int tokens = t.size(0);
            int[] ids = t.ints(tokens * perRow, t.coin() ? -1 : 0, 23);
            Storage table = t.normals(23 * width);
            Storage x = t.normals(tokens * width);
            Storage weights = t.coin() ? null : t.normals(ids.length);
            t.on.gatherDot(x, table, width, ids, perRow, t.output(ids.length), t.coin());
            t.on.gatherSum(weights, table, width, ids, perRow, t.output(tokens * width), t.coin());
            RowIndex index = RowIndex.of(ids);
            t.on.rowGradient(index, weights, x, perRow, width, t.output(index.count() * width));
        });
    }

    private static void columns(Map<String, Consumer<KernelTrial>> cases) {
        cases.put("gather and scatter columns", t -> {
            int rows = t.size(0);
            int cols = t.size(1);
            int k = t.size(0);
            int[] columns = t.ints(rows * k, -1, cols);
            t.on.gatherColumns(t.normals(rows * cols), rows, cols, columns, k, t.output(rows * k));
            t.on.scatterAddColumns(t.normals(rows * k), rows, cols, columns, k, t.output(rows * cols));
        });
        cases.put("top k", t -> {
            int rows = t.size(0);
            int cols = t.size(1);
            int k = t.below(cols + 1);
            Storage x = t.normals(rows * cols);
            for (int i = 0; i < rows * cols; i++) {
                x.set(i, Math.rint(x.get(i) * 4)); // many ties
            }
            int[] columns = new int[rows * k];
            t.on.topK(x, rows, cols, k, t.output(rows * k), columns);
            t.keep(columns);
        });
        cases.put("product top k", t -> {
            int rows = t.size(0);
            int n = t.size(4);
            int half = Math.min(n, 4 + t.below(13));
            int k = 1 + t.below(half);
            Storage a = t.normals(rows * n);
            Storage b = t.normals(rows * n);
            for (int i = 0; i < rows * n; i++) {
                a.set(i, Math.rint(a.get(i) * 64)); // sums are exact, with ties
                b.set(i, Math.rint(b.get(i) * 64));
            }
            int[] ids = new int[rows * k];
            t.on.productTopK(a, b, rows, n, half, k, t.output(rows * k), ids);
            t.keep(ids);
        });
    }

    private static void rowWise(Map<String, Consumer<KernelTrial>> cases) {
        cases.put("softmax", t -> {
            int rows = t.size(0);
            int cols = t.coin() ? t.size(1) : 2000 + t.size(1);
            Storage x = t.within(-30, 30, rows * cols);
            Storage y = t.output(rows * cols);
            t.on.softmax(x, rows, cols, y);
            t.on.softmaxGrad(y, t.normals(rows * cols), rows, cols, t.output(rows * cols));
            t.on.logSumExp(x, rows, cols, t.output(rows));
        });
        cases.put("cross-entropy", t -> {
            int rows = t.size(0);
            int cols = t.size(1);
            double smoothing = t.coin() ? 0 : 0.1;
            int[] targets = t.ints(rows, -1, cols);
            Storage x = t.within(-9, 9, rows * cols);
            Storage lse = t.output(rows);
            t.on.crossEntropy(x, rows, cols, targets, smoothing, t.output(rows), lse);
            t.on.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, t.normals(rows), t.output(rows * cols));
        });
    }

    private static void layerNorm(KernelTrial t) {
        int rows = t.size(0);
        int cols = t.size(1);
        Storage x = t.within(-1, 3, rows * cols);
        Storage gain = t.coin() ? t.normals(cols) : null;
        Storage bias = t.coin() ? t.normals(cols) : null;
        Storage mean = t.output(rows);
        Storage rstd = t.output(rows);
        t.on.layerNorm(x, gain, bias, 1e-2, rows, cols, t.output(rows * cols), mean, rstd);
        t.on.layerNormGrad(x, gain, mean, rstd, t.normals(rows * cols), rows, cols, t.coin() ? null : t.output(rows * cols),
                gain == null ? null : t.output(cols), bias == null ? null : t.output(cols));
    }

    private static void rmsNorm(KernelTrial t) {
        int rows = t.size(0);
        int cols = t.size(1);
        Storage x = t.within(-1, 3, rows * cols);
        Storage gain = t.coin() ? t.normals(cols) : null;
        Storage rrms = t.output(rows);
        t.on.rmsNorm(x, gain, 1e-2, rows, cols, t.output(rows * cols), rrms);
        t.on.rmsNormGrad(x, gain, rrms, t.normals(rows * cols), rows, cols, t.coin() ? null : t.output(rows * cols),
                gain == null ? null : t.output(cols));
    }

    private static void attention(KernelTrial t) {
        int keyHeads = 1 + t.below(2);
        int heads = keyHeads * (1 + t.below(3));
        int headDim = 1 + t.below(40);
        var shape = new AttentionShape(1 + t.below(2), t.size(1), heads, keyHeads, headDim, 1 / Math.sqrt(headDim));
        int queries = shape.batch() * shape.time() * heads * headDim;
        int keys = shape.batch() * shape.time() * keyHeads * headDim;
        Storage q = t.normals(queries);
        Storage k = t.normals(keys);
        Storage v = t.normals(keys);
        Storage y = t.output(queries);
        Storage lse = t.output(shape.batch() * heads * shape.time());
        t.on.attention(shape, q, k, v, y, lse);
        t.on.attentionGrad(shape, q, k, v, y, lse, t.normals(queries), t.output(queries), t.output(keys), t.output(keys));
    }

    private static void rotary(KernelTrial t) {
        int batch = 1 + t.below(3);
        int time = t.size(0);
        int heads = 1 + t.below(3);
        int headDim = 2 * (1 + t.below(33));
        int n = batch * time * heads * headDim;
        t.on.rotary(batch, time, heads, headDim, 10_000, t.below(5), t.coin(), t.normals(n), t.output(n), t.coin());
    }

    private static void adam(KernelTrial t) {
        int width = t.size(0);
        int[] rows = {5, -1, 0, 17};
        var step = new AdamStep(0.01, 0.9, 0.99, 1e-3, 1.4, 0.999, 0.01);
        Storage p = t.output(19 * width);
        Storage m = t.output(19 * width);
        Storage v = t.within(0.1, 2, 19 * width);
        t.keep(v);
        t.on.adam(step, p, t.normals(19 * width), m, v);
        t.on.adamRows(step, rows, width, p, t.normals(rows.length * width), m, v);
    }

    private static int product(int[] dims) {
        int product = 1;
        for (int d : dims) {
            product *= d;
        }
        return product;
    }
}
