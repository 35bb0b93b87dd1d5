package org.moe4j.autodiff.op;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** How to draw a random case of each operation. A new operation needs an entry here and gets every check. */
final class OpCases {
    private static final Map<Class<? extends Op>, Function<Draw, Draw.Problem>> CASES = new LinkedHashMap<>();

    private OpCases() {}

    static Map<Class<? extends Op>, Function<Draw, Draw.Problem>> all() {
        return CASES;
    }

    private static final List<Unary> ANYWHERE = List.of(Unary.EXP, Unary.EXPM1, Unary.SQUARE, Unary.ABS, Unary.NEGATE, Unary.SIN, Unary.COS,
            Unary.ERF, Unary.NORMAL_CDF, Unary.SIGMOID, Unary.LOG_SIGMOID, Unary.TANH, Unary.RELU, Unary.RELU_SQUARED, Unary.GELU, Unary.GELU_TANH,
            Unary.SILU, Unary.MISH, Unary.SOFTPLUS, Unary.RECIPROCAL, Unary.elu(0.8), Unary.leakyRelu(0.03), Unary.clamp(-0.713, 1.0931),
            Unary.power(3), Unary.step(0.513, 2), Unary.affine(-1.5, 0.3));
    private static final List<Unary> POSITIVE = List.of(Unary.LOG, Unary.LOG1P, Unary.SQRT, Unary.RSQRT, Unary.power(0.3), Unary.power(-1.7));

    static {
        CASES.put(Elementwise.class, d -> {
            if (d.coin()) {
                Variable x = d.point(d.dims());
                Unary f = d.oneOf(ANYWHERE);
                return d.output(t -> t.apply(f, x));
            }
            Variable x = d.positive(d.dims());
            Unary f = d.oneOf(POSITIVE);
            return d.output(t -> t.apply(f, x));
        });
        CASES.put(Combine.class, d -> {
            int[] dims = d.dims();
            Variable a = d.onGrid(0, stretchable(d, dims));
            Variable b = d.below(8) == 0 ? a : d.onGrid(0.005, stretchable(d, dims));
            Binary f = d.oneOf(List.of(Binary.values()));
            return d.output(t -> t.run(new Combine(f, a, b)));
        });
        CASES.put(Reshape.class, d -> {
            int[] dims = d.dims();
            Variable x = d.point(dims);
            int[] flat = {1, (int) x.shape().size()};
            return d.output(t -> t.multiply(t.reshape(x, flat), t.reshape(x, flat)));
        });
        CASES.put(Permute.class, d -> {
            Variable x = d.point(d.dims());
            List<Integer> order = new java.util.ArrayList<>(IntStream.range(0, x.shape().rank()).boxed().toList());
            java.util.Collections.shuffle(order, new java.util.Random(d.below(1000)));
            return d.output(t -> t.permute(x, order.stream().mapToInt(i -> i).toArray()));
        });
        CASES.put(Slice.class, d -> {
            Variable x = d.point(axesBefore(d, d.size() + 1, 3));
            int axis = d.below(x.shape().rank());
            int extent = x.shape().dim(axis);
            int from = extent == 0 ? 0 : d.below(extent);
            int step = d.oneOf(List.of(1, 1, 2, 3, -1, -2));
            int most = step > 0 ? Math.ceilDiv(extent - from, step) : from / -step + 1;
            int count = extent == 0 ? 0 : d.below(most + 1);
            return d.output(t -> t.run(new Slice(x, axis, from, count, step)));
        });
        CASES.put(Expand.class, d -> {
            int[] dims = d.dims();
            Variable x = d.point(stretchable(d, dims));
            return d.output(t -> t.expand(x, dims));
        });
        CASES.put(Concat.class, d -> {
            int[] dims = axesBefore(d, d.size(), 3);
            int axis = d.below(dims.length);
            List<Variable> parts = Stream.generate(() -> {
                dims[axis] = d.sizeOrEmpty();
                return (Variable) d.point(dims);
            }).limit(d.size()).toList();
            return d.output(t -> t.concat(axis, parts));
        });
        CASES.put(Sum.class, d -> {
            Variable x = d.point(d.dims());
            int[] axes = IntStream.range(0, x.shape().rank()).filter(i -> d.coin()).toArray();
            return d.output(t -> t.run(new Sum(x, axes)));
        });
        CASES.put(Linear.class, d -> {
            int in = d.sizeOrEmpty();
            int out = d.size();
            Variable x = d.point(axesBefore(d, in, 2));
            Variable w = d.point(out, in);
            Variable b = d.coin() ? d.point(out) : null;
            return d.output(t -> t.linear(x, w, b));
        });
        CASES.put(Mlp.class, d -> {
            int experts = d.size();
            int dim = d.size();
            int hidden = d.size();
            int width = d.size();
            Unary f = d.oneOf(List.of(Unary.GELU, Unary.RELU, Unary.GELU_TANH, Unary.SILU, Unary.TANH, Unary.RELU_SQUARED, Unary.MISH));
            boolean grouped = d.coin();
            Variable x = grouped ? d.point(d.sizeOrEmpty(), dim) : d.point(axesBefore(d, dim, 2));
            Variable in = grouped ? d.point(experts, hidden, dim) : d.point(hidden, dim);
            Variable inBias = !d.coin() ? null : grouped ? d.point(experts, hidden) : d.point(hidden);
            Variable gate = !d.coin() ? null : grouped ? d.point(experts, hidden, dim) : d.point(hidden, dim);
            Variable gateBias = gate == null || !d.coin() ? null : grouped ? d.point(experts, hidden) : d.point(hidden);
            Variable out = grouped ? d.point(experts, width, hidden) : d.point(width, hidden);
            Variable outBias = !d.coin() ? null : grouped ? d.point(experts, width) : d.point(width);
            IntStorage starts = grouped ? IntStorage.of(d.starts(x.shape().rows(), experts)) : null;
            return d.output(t -> t.run(new Mlp(x, in, inBias, gate, gateBias, f, out, outBias, starts)));
        });
        CASES.put(MatMul.class, d -> {
            int m = d.sizeOrEmpty();
            int n = d.size();
            int k = d.sizeOrEmpty();
            boolean ta = d.coin();
            boolean tb = d.coin();
            Variable a = ta ? d.point(k, m) : d.coin() ? d.point(m, k) : d.point(d.size(), m, k);
            Variable b = tb ? d.point(n, k) : d.point(k, n);
            return d.output(t -> t.matMul(a, b, ta, tb));
        });
        CASES.put(BatchMatMul.class, d -> {
            int m = d.size();
            int n = d.size();
            int k = d.size();
            int batch = d.sizeOrEmpty();
            boolean ta = d.coin();
            boolean tb = !ta && d.coin();
            Variable a = ta ? d.point(batch, 2, k, m) : d.point(batch, 2, m, k);
            Variable b = tb ? d.point(batch, 2, n, k) : d.point(batch, 2, k, n);
            return d.output(t -> t.matMul(a, b, ta, tb));
        });
        CASES.put(GroupedLinear.class, d -> {
            int rows = d.sizeOrEmpty() + d.below(4);
            int in = d.size();
            int out = d.size();
            int experts = d.size();
            boolean inFirst = d.coin();
            Variable x = d.point(rows, in);
            Variable w = inFirst ? d.point(experts, in, out) : d.point(experts, out, in);
            Variable b = d.coin() ? d.point(experts, out) : null;
            int[] starts = d.starts(rows, experts);
            return d.output(t -> t.run(new GroupedLinear(x, w, b, IntStorage.of(starts), inFirst)));
        });
        CASES.put(Softmax.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 3));
            int axis = d.below(x.shape().rank());
            return x.shape().size() == 0 || d.coin() ? d.output(t -> t.softmax(x)) : d.output(t -> t.softmax(x, axis));
        });
        CASES.put(LogSumExp.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 2));
            return d.outputs(t -> List.of(t.logSumExp(x), t.logSoftmax(x)));
        });
        CASES.put(CrossEntropy.class, d -> {
            int classes = d.size();
            Variable x = d.point(axesBefore(d, classes, 2));
            int[] targets = d.ids(x.shape().rows(), classes);
            double smoothing = d.coin() ? 0 : 0.13;
            return d.outputs(t -> List.of(t.crossEntropyPerRow(x, targets, smoothing), t.crossEntropy(x, targets, smoothing)));
        });
        CASES.put(LinearCrossEntropy.class, d -> {
            int dim = d.size();
            int classes = d.size();
            Variable x = d.point(axesBefore(d, dim, 2));
            Variable w = d.point(classes, dim);
            Variable b = d.coin() ? d.point(classes) : null;
            int[] targets = d.ids(x.shape().rows(), classes);
            int block = d.size();
            return d.output(t -> t.run(new LinearCrossEntropy(x, w, b, IntStorage.of(targets), block, t.recording())));
        });
        CASES.put(LayerNorm.class, d -> {
            Variable x = d.point(axesBefore(d, d.size() + 1, 2));
            Variable gain = d.coin() ? d.point(x.shape().columns()) : null;
            Variable bias = d.coin() ? d.point(x.shape().columns()) : null;
            return d.output(t -> t.layerNorm(x, gain, bias, 0.01));
        });
        CASES.put(RmsNorm.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 2));
            Variable gain = d.coin() ? d.point(x.shape().columns()) : null;
            return d.output(t -> t.rmsNorm(x, gain, 0.01));
        });
        CASES.put(GatherRows.class, d -> {
            Variable x = d.table(d.size(), d.size());
            int[] rows = d.ids(2 * d.sizeOrEmpty(), x.shape().dim(0));
            return d.output(t -> t.embedding(x, rows, Shape.of(2, rows.length / 2)));
        });
        CASES.put(ScatterRows.class, d -> {
            Variable x = d.point(d.sizeOrEmpty(), d.size());
            int count = d.size();
            int[] rows = d.ids(x.shape().dim(0), count);
            return d.output(t -> t.scatterRows(x, rows, count));
        });
        CASES.put(GatherDot.class, d -> {
            Variable table = d.table(d.size(), d.size());
            Variable x = d.point(d.sizeOrEmpty(), table.shape().dim(1));
            int perRow = d.size();
            int[] ids = d.ids(x.shape().dim(0) * perRow, table.shape().dim(0));
            return d.output(t -> t.gatherDot(x, table, ids, perRow));
        });
        CASES.put(GatherSum.class, d -> {
            Variable table = d.table(d.size(), d.size());
            int perRow = d.size();
            int rows = d.sizeOrEmpty();
            Variable weights = d.coin() ? d.point(rows, perRow) : null;
            int[] ids = d.ids(rows * perRow, table.shape().dim(0));
            return d.output(t -> t.gatherSum(weights, table, ids, perRow));
        });
        CASES.put(SingleNeurons.class, d -> {
            Variable down = d.table(d.size(), d.size());
            Variable up = d.table(down.shape().dim(0), down.shape().dim(1));
            Variable x = d.point(d.sizeOrEmpty(), down.shape().dim(1));
            Variable gates = d.point(x.shape().dim(0), d.size());
            IntStorage ids = IntStorage.of(d.ids((int) gates.shape().size(), down.shape().dim(0)));
            Unary f = d.oneOf(List.of(Unary.GELU, Unary.GELU_TANH, Unary.SILU, Unary.TANH));
            return d.output(t -> t.singleNeurons(f, x, down, up, ids, gates));
        });
        CASES.put(GatherColumns.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 2));
            int k = d.size();
            int[] columns = d.ids(x.shape().rows() * k, x.shape().columns());
            return d.output(t -> t.gatherColumns(x, columns, k));
        });
        CASES.put(ScatterColumns.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 2));
            int count = d.size();
            int[] columns = d.ids((int) x.shape().size(), count);
            return d.output(t -> t.scatterColumns(x, columns, count));
        });
        CASES.put(TopK.class, d -> {
            Variable x = d.point(axesBefore(d, d.size(), 2));
            int k = d.below(x.shape().columns() + 1);
            return d.output(t -> t.topK(x, k).values());
        });
        CASES.put(ProductTopK.class, d -> {
            int rows = d.size();
            int n = d.size();
            int half = d.below(n) + 1;
            int k = d.below(half * half) + 1;
            Variable a = d.point(rows, n);
            Variable b = d.point(rows, n);
            return d.output(t -> t.productTopK(a, b, half, k).values());
        });
        CASES.put(ProductKeys.class, d -> {
            int heads = d.size();
            int n = d.size();
            int width = d.size();
            int k = d.below(n * n) + 1;
            int[] keys = d.coin() ? new int[] {n, width} : new int[] {heads, n, width};
            Variable queries = d.point(d.size(), heads * 2 * width);
            Variable first = d.point(keys);
            Variable second = d.point(keys);
            return d.output(t -> t.productKeys(queries, first, second, k).values());
        });
        CASES.put(Attention.class, d -> {
            int groups = d.below(2) + 1;
            int keyHeads = d.below(2) + 1;
            boolean causal = d.coin();
            int time = d.size();
            AttentionShape shape = new AttentionShape(d.below(2) + 1, time, causal ? time : d.size(), groups * keyHeads, keyHeads, d.size(), 0.7,
                    causal, d.coin() ? 0.8 : 0);
            int[] keys = {shape.batch(), shape.keys(), keyHeads * shape.headDim()};
            Variable q = d.point(shape.batch(), time, shape.heads() * shape.headDim());
            boolean same = groups == 1 && causal && d.coin(); // then the three gradients are one memory
            Variable k = same ? q : d.point(keys);
            Variable v = same ? q : d.point(keys);
            Variable bias = d.coin() ? d.point(shape.heads(), shape.distances()) : null;
            return d.output(t -> t.attention(q, k, v, bias, shape));
        });
        CASES.put(Rotary.class, d -> {
            int heads = d.below(3) + 1;
            Variable x = d.point(d.below(2) + 1, d.sizeOrEmpty(), heads * 2 * d.size());
            int first = d.below(9);
            return d.output(t -> t.rotary(x, heads, 10000, first));
        });
        CASES.put(Dropout.class, d -> {
            Variable x = d.point(d.dims());
            CounterRandom random = CounterRandom.of(d.below(1000), "dropout");
            return d.output(t -> t.dropout(x, 0.4, random));
        });
    }

    /** A shape that broadcasts to {@code dims}: some axes 1, some leading ones missing. */
    private static int[] stretchable(Draw d, int[] dims) {
        int[] some = Arrays.copyOfRange(dims, dims.length == 0 ? 0 : d.below(dims.length + 1) / 2, dims.length);
        for (int i = 0; i < some.length; i++) {
            some[i] = d.below(3) == 0 ? 1 : some[i];
        }
        return some;
    }

    /** Up to {@code most} axes, the last one given, the others now and then empty. */
    private static int[] axesBefore(Draw d, int last, int most) {
        int[] dims = new int[d.below(most) + 1];
        Arrays.setAll(dims, i -> i == dims.length - 1 ? last : d.sizeOrEmpty());
        return dims;
    }
}
