package org.moe4j.backend.simd;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.moe4j.backend.AdamStep;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Epilogue;
import org.moe4j.backend.GroupedProduct;
import org.moe4j.backend.HalfStorage;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.ValueType;

/**
 * float32 on the Vector API over a team of threads. This class only unpacks storages and shares out rows and chunks; the
 * loops stand in the file of their theme. How work is cut depends on sizes and, where it can't change a bit of the result,
 * on the number of threads.
 */
public final class SimdBackend implements Backend {
    static {
        Tiles.prepare();
    }

    /** Row numbers, which one thread sorts in 20 microseconds, from which on a list is sorted in parts. */
    private static final int LONG_LIST = 4096;
    /** Each of them looks through the whole list. */
    private static final int MOST_PARTS = 8;

    private final Team team;
    private volatile Rotary angles = new Rotary(0, 2, 1, 0);

    /** A back end that computes on {@code threads} threads, the calling one included. */
    public SimdBackend(int threads) {
        team = new Team(threads);
    }

    @Override
    public String name() {
        return "simd";
    }

    @Override
    public int bytesPerValue() {
        return Float.BYTES;
    }

    @Override
    public Storage allocate(long size) {
        return FloatStorage.allocate(size);
    }

    @Override
    public Storage allocate(long size, ValueType type) {
        return type == ValueType.BFLOAT16 ? HalfStorage.allocate(size) : allocate(size);
    }

    @Override
    public List<Storage> allocate(int count, long size, ValueType type) {
        Storage[] made = new Storage[count];
        team.parallel(count, i -> made[i] = allocate(size, type)); // the JVM zeroes an array in the thread that asks for it
        return List.of(made);
    }

    @Override
    public void close() {
        team.close();
    }

    // ---- whole storages --------------------------------------------------------------------------------------------

    @Override
    public void fill(Storage x, double value) {
        Values.fill(team, x, value);
    }

    @Override
    public void copy(Storage x, Storage y) {
        Values.copy(team, x, y);
    }

    @Override
    public void copyAtRandom(Storage x, StochasticRounding rounding, int first, Storage y) {
        Values.copyAtRandom(team, of(x), rounding, first, (HalfStorage) y);
    }

    @Override
    public void axpy(double alpha, Storage from, Storage to) {
        FloatStorage x = of(from);
        FloatStorage y = of(to);
        team.chunks(x.length(), (at, n) -> Runs.axpy((float) alpha, x.array(), x.offset() + at, y.array(), y.offset() + at, n));
    }

    @Override
    public void scale(double alpha, Storage storage) {
        FloatStorage x = of(storage);
        team.chunks(x.length(), (at, n) -> Runs.scale((float) alpha, x.array(), x.offset() + at, n));
    }

    @Override
    public double sumOfSquares(Storage x) {
        return Values.sumOfSquares(team, x);
    }

    @Override
    public void uniform(CounterRandom random, double low, double high, Storage x) {
        Values.uniform(team, random, low, high, x);
    }

    @Override
    public void normal(CounterRandom random, double deviation, Storage x) {
        Values.normal(team, random, deviation, x);
    }

    // ---- elementwise -----------------------------------------------------------------------------------------------

    @Override
    public void unary(Unary f, Storage x, Storage y) {
        Elementwise.value(team, f, of(x), of(y));
    }

    @Override
    public void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {
        Elementwise.gradient(team, f, of(x), of(y), of(dy), of(dx));
    }

    @Override
    public void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {
        Broadcast.value(team, f, dims, a, b, y);
    }

    @Override
    public void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {
        if (da != null) Broadcast.gradient(team, f, true, dims, a, b, dy, da);
        if (db != null) Broadcast.gradient(team, f, false, dims, a, b, dy, db);
    }

    @Override
    public void move(int[] dims, Strided x, Strided y, boolean add) {
        Broadcast.move(team, dims, x, y, add);
    }

    // ---- matrix products -------------------------------------------------------------------------------------------

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {
        multiply(transposeA, transposeB, m, n, k, of(a), of(b), of(c), add, TaskEpilogue.NONE);
    }

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, Epilogue after) {
        TaskEpilogue rest = TaskEpilogue.of(after, n, of(c));
        multiply(transposeA, transposeB, m, n, k, of(a), of(b), rest.c(), false, rest);
    }

    private void multiply(boolean ta, boolean tb, int m, int n, int k, FloatStorage a, FloatStorage b, FloatStorage c, boolean add, TaskEpilogue after) {
        Sgemm.multiply(team, ta, tb, m, n, k, a.array(), a.offset(), ta ? m : k, b.array(), b.offset(), tb ? k : n, c.array(), c.offset(), n, add, after);
    }

    @Override
    public void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {
        groupedProducts(starts, List.of(new GroupedProduct.Rows(transposeW, n, k, x, w, y, add, null)));
    }

    @Override
    public void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, Epilogue after) {
        groupedProducts(starts, List.of(new GroupedProduct.Rows(transposeW, n, k, x, w, y, false, after)));
    }

    @Override
    public void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {
        groupedProducts(starts, List.of(new GroupedProduct.Weights(m, n, a, b, dw, add)));
    }

    @Override
    public void groupedProducts(IntStorage starts, List<GroupedProduct> products) {
        HostInts first = HostInts.of(starts);
        GroupedSgemm.run(team, first, products.stream().map(product -> ofExperts(first, product)).toList());
    }

    private static GroupedSgemm.Product ofExperts(HostInts starts, GroupedProduct product) {
        return switch (product) {
            case GroupedProduct.Rows p -> {
                FloatStorage x = of(p.x());
                FloatStorage w = of(p.w());
                TaskEpilogue after = p.after() == null ? TaskEpilogue.NONE : TaskEpilogue.of(p.after(), p.n(), of(p.y()));
                FloatStorage y = p.after() == null ? of(p.y()) : after.c();
                yield GroupedSgemm.rows(starts, p.transposeW(), p.n(), p.k(), x.array(), x.offset(), w.array(), w.offset(), y.array(), y.offset(), p.add(), after);
            }
            case GroupedProduct.Weights p -> {
                FloatStorage a = of(p.a());
                FloatStorage b = of(p.b());
                FloatStorage dw = of(p.dw());
                yield GroupedSgemm.weights(starts, p.m(), p.n(), a.array(), a.offset(), b.array(), b.offset(), dw.array(), dw.offset(), p.add());
            }
        };
    }

    // ---- rows of a table -------------------------------------------------------------------------------------------

    @Override
    public void gatherRows(Storage from, int width, IntStorage list, Storage to) {
        HostInts rows = HostInts.of(list);
        if (!from.inMemory()) {
            for (int i = 0; i < rows.length(); i++) {
                Storage y = to.slice((long) i * width, width);
                if (rows.get(i) < 0) fill(y, 0);
                else copy(from.slice((long) rows.get(i) * width, width), y);
            }
            return;
        }
        Table.of(from, width).gather(team, rows, of(to));
    }

    @Override
    public void scatterAddRows(Storage from, int width, IntStorage rows, Storage to) {
        TableRows.scatterAdd(team, of(from), width, HostInts.of(rows), of(to));
    }

    @Override
    public void gatherDot(Storage in, Storage from, int width, IntStorage list, int perRow, Storage out, boolean add) {
        FloatStorage x = of(in);
        FloatStorage s = of(out);
        Table table = Table.of(from, width);
        HostInts ids = HostInts.of(list);
        int tokens = perRow == 0 ? 0 : ids.length() / perRow;
        team.rows(tokens, perRow * width, t -> table.dots(x.array(), x.offset() + t * width, ids.array(), ids.from() + t * perRow, perRow,
                s.array(), s.offset() + t * perRow, add));
    }

    @Override
    public void gatherSum(Storage weights, Storage from, int width, IntStorage list, int perRow, Storage out, boolean add) {
        FloatStorage w = of(weights);
        FloatStorage y = of(out);
        Table table = Table.of(from, width);
        HostInts ids = HostInts.of(list);
        int tokens = perRow == 0 ? 0 : ids.length() / perRow;
        team.rows(tokens, perRow * width, t -> table.sum(array(w), offset(w) + t * perRow, ids.array(), ids.from() + t * perRow, perRow,
                y.array(), y.offset() + t * width, add));
    }

    @Override
    public void rowGradient(RowSums sums, Storage to, boolean add) {
        FloatStorage grad = of(to);
        RowSegments segments = new RowSegments(sums);
        team.rows(segments.count(), segments.width(), u -> segments.row(u, grad.array(), grad.offset() + u * segments.width(), add));
    }

    @Override
    public void tableGradient(RowSums sums, Storage to, boolean add, Storage work) {
        FloatStorage grad = of(to);
        if (!add && sums.index().count() == 0) fill(to, 0);
        RowSegments segments = new RowSegments(sums);
        team.rows(segments.count(), segments.width(), u -> segments.tableRow(u, grad.array(), grad.offset(), grad.length(), add));
    }

    @Override
    public RowIndex rowIndex(IntStorage ids, IntFunction<? extends IntStorage> memory) {
        return RowIndex.of(HostInts.of(ids), memory, ids.length() < LONG_LIST ? 1 : Math.min(MOST_PARTS, team.size()), team::parallel);
    }

    @Override
    public double sumOfSquares(RowSums sums) {
        RowSegments segments = new RowSegments(sums);
        int each = Team.rowsATask(segments.width());
        double[] parts = new double[Sgemm.blocks(segments.count(), each)];
        team.rows(segments.count(), segments.width(), u -> parts[u / each] += segments.sumOfSquares(u));
        return Arrays.stream(parts).sum();
    }

    // ---- columns of a row ------------------------------------------------------------------------------------------

    @Override
    public void gatherColumns(Storage from, int rows, int cols, IntStorage columns, int k, Storage to) {
        Columns.gather(team, of(from), rows, cols, HostInts.of(columns), k, of(to));
    }

    @Override
    public void scatterAddColumns(Storage from, int rows, int cols, IntStorage columns, int k, Storage to) {
        Columns.scatterAdd(team, of(from), rows, cols, HostInts.of(columns), k, of(to));
    }

    @Override
    public void topK(Storage in, int rows, int cols, int k, Storage best, IntStorage columns) {
        Columns.topK(team, of(in), rows, cols, k, of(best), HostInts.of(columns));
    }

    @Override
    public void productTopK(Storage left, Storage right, int rows, int n, int half, int k, Storage best, IntStorage ids) {
        Columns.productTopK(team, of(left), of(right), rows, n, half, k, of(best), HostInts.of(ids));
    }

    @Override
    public void productKeys(Storage q, Storage first, Storage second, int rows, int groups, int n, int width, int k, Storage best, IntStorage ids,
            LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        Retrieval.run(team, of(q), of(first), of(second), rows, groups, n, width, k, of(best), HostInts.of(ids));
    }

    @Override
    public void productKeysGrad(int side, Storage q, Storage keys, int rows, int groups, int n, int width, int k, IntStorage ids, Storage dy,
            Storage dq, boolean addQ, Storage dkeys, boolean addKeys, LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        new RetrievalGrad(side, of(q), of(keys), rows, groups, n, width, k, HostInts.of(ids), of(dy)).run(team, of(dq), addQ, of(dkeys), addKeys);
    }

    // ---- row-wise functions ----------------------------------------------------------------------------------------

    @Override
    public void softmax(Storage in, int rows, int cols, Storage out) {
        FloatStorage x = of(in);
        FloatStorage y = of(out);
        team.rows(rows, cols, r -> Softmax.row(x.array(), x.offset() + r * cols, y.array(), y.offset() + r * cols, cols));
    }

    @Override
    public void softmaxGrad(Storage out, Storage outGrad, int rows, int cols, Storage inGrad) {
        FloatStorage y = of(out);
        FloatStorage dy = of(outGrad);
        FloatStorage dx = of(inGrad);
        team.rows(rows, cols, r -> Softmax.gradient(y.array(), y.offset() + r * cols, dy.array(), dy.offset() + r * cols,
                dx.array(), dx.offset() + r * cols, cols));
    }

    @Override
    public void logSumExp(Storage in, int rows, int cols, Storage out) {
        FloatStorage x = of(in);
        FloatStorage y = of(out);
        team.rows(rows, cols, r -> y.array()[y.offset() + r] = Softmax.logSumExp(x.array(), x.offset() + r * cols, cols));
    }

    @Override
    public void crossEntropy(Storage logits, int rows, int cols, IntStorage classes, double smoothing, Storage losses, Storage norms) {
        FloatStorage x = of(logits);
        FloatStorage loss = of(losses);
        FloatStorage lse = of(norms);
        HostInts targets = HostInts.of(classes);
        team.rows(rows, cols, r -> {
            float norm = Softmax.logSumExp(x.array(), x.offset() + r * cols, cols);
            lse.array()[lse.offset() + r] = norm;
            loss.array()[loss.offset() + r] = Softmax.crossEntropy(x.array(), x.offset() + r * cols, cols, targets.get(r), smoothing, norm);
        });
    }

    @Override
    public void crossEntropyGrad(Storage logits, Storage norms, int rows, int cols, IntStorage classes, double smoothing, Storage lossGrad, Storage grad,
            boolean add) {
        FloatStorage x = of(logits);
        FloatStorage lse = of(norms);
        FloatStorage dloss = of(lossGrad);
        FloatStorage dx = of(grad);
        HostInts targets = HostInts.of(classes);
        team.rows(rows, cols, r -> Softmax.crossEntropyGrad(x.array(), x.offset() + r * cols, cols, targets.get(r), smoothing,
                lse.array()[lse.offset() + r], dloss.array()[dloss.offset() + r], dx.array(), dx.offset() + r * cols, add));
    }

    @Override
    public void crossEntropyInPlace(Storage logits, int rows, int cols, IntStorage classes, Storage lossGrad, Storage losses, Storage work) {
        FloatStorage x = of(logits);
        FloatStorage dloss = of(lossGrad);
        FloatStorage loss = of(losses);
        HostInts targets = HostInts.of(classes);
        team.rows(rows, cols, r -> loss.array()[loss.offset() + r] =
                Softmax.crossEntropyInPlace(x.array(), x.offset() + r * cols, cols, targets.get(r), dloss.array()[dloss.offset() + r]));
    }

    @Override
    public void layerNorm(Storage in, Storage gains, Storage biases, double eps, int rows, int cols, Storage out, Storage means, Storage scales) {
        Norms.layerNorm(team, of(in), of(gains), of(biases), eps, rows, cols, of(out), of(means), of(scales));
    }

    @Override
    public void layerNormGrad(Storage in, Storage gains, Storage means, Storage scales, Storage outGrad, int rows, int cols,
            Storage inGrad, Storage gainGrad, Storage biasGrad) {
        Norms.gradient(team, of(in), of(gains), of(means), of(scales), of(outGrad), rows, cols, of(inGrad), of(gainGrad), of(biasGrad));
    }

    @Override
    public void rmsNorm(Storage in, Storage gains, double eps, int rows, int cols, Storage out, Storage scales) {
        Norms.rmsNorm(team, of(in), of(gains), eps, rows, cols, of(out), of(scales));
    }

    @Override
    public void rmsNormGrad(Storage in, Storage gains, Storage scales, Storage outGrad, int rows, int cols, Storage inGrad, Storage gainGrad) {
        Norms.gradient(team, of(in), of(gains), null, of(scales), of(outGrad), rows, cols, of(inGrad), of(gainGrad), null);
    }

    // ---- attention -------------------------------------------------------------------------------------------------

    @Override
    public void attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {
        new Attention(shape, of(q), of(k), of(v), of(bias), of(y), of(lse)).forward(team);
    }

    @Override
    public void attentionGrad(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv, Storage dbias) {
        new AttentionGrad(new Attention(shape, of(q), of(k), of(v), of(bias), of(y), of(lse)), of(dy), of(dq), of(dk), of(dv), of(dbias)).add(team);
    }

    @Override
    public void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage in, Storage out, boolean add) {
        FloatStorage x = of(in);
        FloatStorage y = of(out);
        Rotary table = angles;
        if (!table.fits(time, headDim, base, first)) angles = table = new Rotary(time, headDim, base, first);
        Rotary turn = table;
        int width = heads * headDim;
        team.rows(batch * time, width, t -> {
            for (int at = t * width; at < (t + 1) * width; at += headDim) {
                turn.turn(t % time, inverse ? -1 : 1, x.array(), x.offset() + at, y.array(), y.offset() + at, add);
            }
        });
    }

    // ---- optimizer -------------------------------------------------------------------------------------------------

    @Override
    public void adam(AdamStep step, Storage weights, Storage grads, Storage firsts, Storage seconds) {
        FloatStorage p = of(weights);
        FloatStorage g = of(grads);
        FloatStorage m = of(firsts);
        FloatStorage v = of(seconds);
        AdamConstants adam = new AdamConstants(step);
        team.chunks(p.length(), (at, n) -> Adam.step(adam, p.array(), p.offset() + at, g.array(), g.offset() + at, m.array(), m.offset() + at,
                v.array(), v.offset() + at, n));
    }

    @Override
    public void adamRows(AdamStep step, IntStorage list, int width, Storage weights, Storage grads, Storage firsts, Storage seconds) {
        AdamTable<?> table = AdamTable.of(step, width, weights, firsts, seconds);
        FloatStorage g = of(grads);
        HostInts rows = HostInts.of(list);
        int each = Team.rowsATask(width);
        team.parallel(Sgemm.blocks(rows.length(), each), task ->
                table.step(rows, task * each, Math.min(rows.length(), (task + 1) * each), g.array(), g.offset() + task * each * width));
    }

    @Override
    public void adamRows(AdamStep step, RowSums g, Storage weights, Storage firsts, Storage seconds) {
        RowSegments segments = new RowSegments(g);
        AdamTable<?> table = AdamTable.of(step, segments.width(), weights, firsts, seconds);
        int each = Team.rowsATask(segments.width());
        team.parallel(Sgemm.blocks(segments.count(), each), task -> {
            int from = task * each;
            int to = Math.min(segments.count(), from + each);
            float[] grads = segments.rows(from, to); // first, so that nothing stands between the cache misses of the update
            table.step(segments.rows(), from, to, grads, 0);
        });
    }

    private static FloatStorage of(Storage storage) {
        return FloatStorage.of(storage);
    }

    private static float[] array(FloatStorage x) {
        return x == null ? null : x.array();
    }

    private static int offset(FloatStorage x) {
        return x == null ? 0 : x.offset();
    }
}
