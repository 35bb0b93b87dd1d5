package org.moe4j.backend.cuda;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.StoredValues;
import org.moe4j.backend.Unary;
import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Computes on an NVIDIA GPU, in float32. Calls return when their work is queued; reading a value waits for it. */
public final class CudaBackend implements Backend {
    private static final Pattern NAME = Pattern.compile("cuda(?::(\\d{1,3}))?(?:\\+(tf32|bf16))?(\\+graphs)?");

    private final Device device;
    private final Precision precision;
    private final boolean graphs;
    private final Elementwise elementwise;
    private final Products products;
    private final Lists lists;
    private final TableRows tableRows;
    private final SingleNeurons neurons;
    private final TopK topK;
    private final RowFunctions rowFunctions;
    private final Attention attention;
    private final Rotary rotary;
    private final Adam adam;
    private Optional<Cublas> blas;                                                 // null until the first product

    private CudaBackend(int ordinal, Precision precision, boolean graphs) {
        this.precision = precision;
        this.graphs = graphs;
        device = new Device(ordinal, graphs);
        elementwise = new Elementwise(device);
        products = new Products(device, precision);
        lists = new Lists(device);
        tableRows = new TableRows(device, lists);
        neurons = new SingleNeurons(device);
        topK = new TopK(device);
        rowFunctions = new RowFunctions(device);
        attention = new Attention(device);
        rotary = new Rotary(device);
        adam = new Adam(device);
    }

    /**
     * @param name {@code cuda} for the first GPU, {@code cuda:1} for the second, with {@code +tf32} or {@code +bf16} for matrix products of
     *     operands rounded to these; {@code +graphs} at the end launches what comes again as CUDA graphs, with the same results
     * @throws InputException if there is no driver, no such device, or none that serves, in one sentence
     */
    public static CudaBackend open(String name) {
        Matcher parts = NAME.matcher(name);
        if (!parts.matches()) {
            throw new InputException("the device is '" + name + "'; cuda, cuda:1 (the second GPU), cuda+tf32 or cuda:1+bf16 (matrix products in lower precision) would do, and +graphs at the end of each (CUDA graphs)");
        }
        Precision precision = parts.group(2) == null ? Precision.FLOAT32 : Precision.valueOf(parts.group(2).toUpperCase(Locale.ROOT));
        return new CudaBackend(parts.group(1) == null ? 0 : Integer.parseInt(parts.group(1)), precision, parts.group(3) != null);
    }

    /** With the precision of matrix products where it is lower, and with graphs. */
    @Override
    public String name() {
        return "cuda" + precision.suffix + (graphs ? "+graphs" : "");
    }

    @Override
    public int bytesPerValue() {
        return Float.BYTES;
    }

    @Override
    public Storage allocate(long size) {
        DeviceStorage x = device.floats(size);
        device.fill(x.address(), 0, size);
        return x;
    }

    @Override
    public OptionalLong freeDeviceBytes() {
        return OptionalLong.of(device.freeBytes());
    }

    /** As in "NVIDIA H200, driver 580.65.06 of CUDA 13.0". */
    @Override
    public Optional<String> deviceName() {
        return Optional.of(device.description());
    }

    @Override
    public DeviceInts allocateInts(int length) {
        DeviceInts list = device.ints(length);
        device.fill(list.address(), 0, length);
        return list;
    }

    @Override
    public void close() {
        device.flush();
        if (blas != null) {
            blas.ifPresent(Cublas::close);
        }
        device.close();
    }

    @Override
    public void fill(Storage x, double value) {
        DeviceStorage to = DeviceStorage.of(x);
        device.fill(to.address(), Float.floatToRawIntBits((float) value), to.size());
    }

    @Override
    public void copy(Storage x, Storage y) {
        if (x instanceof DeviceStorage from && y instanceof DeviceStorage to) {
            device.copy(from.address(), to.address(), from.size() * Float.BYTES);
        } else if (y instanceof DeviceStorage to) {                                // from a store of rows
            device.send(x.segment(), to.address());
        } else {
            device.fetch(DeviceStorage.of(x).address(), y.segment());
        }
    }

    @Override
    public void axpy(double alpha, Storage x, Storage y) {
        elementwise.axpy(alpha, x, y);
    }

    @Override
    public void scale(double alpha, Storage x) {
        elementwise.scale(alpha, x);
    }

    @Override
    public double sumOfSquares(Storage x) {
        return elementwise.sumOfSquares(List.of(x));
    }

    @Override
    public double sumOfSquares(List<Storage> all) {
        return elementwise.sumOfSquares(all);
    }

    @Override
    public void uniform(CounterRandom random, double low, double high, Storage x) {
        elementwise.uniform(random, low, high, x);
    }

    @Override
    public void normal(CounterRandom random, double deviation, Storage x) {
        elementwise.normal(random, deviation, x);
    }

    @Override
    public void unary(Unary f, Storage x, Storage y) {
        elementwise.unary(f, x, y);
    }

    @Override
    public void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {
        elementwise.unaryGrad(f, x, y, dy, dx);
    }

    @Override
    public void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {
        elementwise.binary(f, dims, a, b, y);
    }

    @Override
    public void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {
        elementwise.binaryGrad(f, dims, a, b, dy, da, db);
    }

    @Override
    public void move(int[] dims, Strided x, Strided y, boolean add) {
        elementwise.move(dims, x, y, add);
    }

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {
        if (m == 0 || n == 0 || k == 0) {
            if (!add) {
                fill(c, 0);
            }
            return;
        }
        if (blas == null) {
            blas = device.cublas(precision);
        }
        if (blas.isPresent()) {
            device.queue(new Work.Product(blas.get(), transposeA, transposeB, m, n, k, DeviceStorage.of(a).address(), DeviceStorage.of(b).address(),
                    DeviceStorage.of(c).address(), add));
        } else {
            products.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
        }
    }

    @Override
    public void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {
        products.grouped(starts, transposeW, n, k, x, w, y, add);
    }

    @Override
    public void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {
        products.groupedWeights(starts, m, n, a, b, dw, add);
    }

    @Override
    public void groupedBias(IntStorage starts, int n, Storage bias, Storage y) {
        products.groupedBias(starts, n, bias, y);
    }

    @Override
    public void groupedBiasGrad(IntStorage starts, int n, Storage dy, Storage dbias) {
        products.groupedBiasGrad(starts, n, dy, dbias);
    }

    @Override
    public void gatherRows(Storage table, int width, IntStorage rows, Storage y) {
        tableRows.gather(table, width, rows, y);
    }

    @Override
    public void scatterAddRows(Storage x, int width, IntStorage rows, Storage table) {
        tableRows.scatterAdd(x, width, rows, table);
    }

    @Override
    public void scatterRows(Storage x, int width, IntStorage rows, StochasticRounding rounding, Storage table) {
        if (table instanceof StoredValues) {
            Backend.super.scatterRows(x, width, IntStorage.of(rows.toArray()), rounding, table);
        } else {
            tableRows.scatter(x, width, rows, table);
        }
    }

    @Override
    public void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add) {
        tableRows.gatherDot(x, table, width, ids, perRow, s, add);
    }

    @Override
    public void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add) {
        tableRows.gatherSum(weights, table, width, ids, perRow, y, add);
    }

    @Override
    public void rowGradient(RowSums sums, Storage grad, boolean add) {
        tableRows.gradient(sums.index(), sums.coefficients(), sums.source(), sums.perRow(), sums.width(), grad, add);
    }

    /** One kernel, which keeps what is in between to itself. */
    @Override
    public void singleNeurons(Unary f, Storage x, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s, Storage y, Storage work) {
        neurons.forward(f, x, down, up, width, ids, perRow, gates, s, y);
    }

    @Override
    public void singleNeuronsGrad(Unary f, Storage dy, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s,
            Storage dgates, Storage weights, Storage ds, Storage dx, Storage work) {
        neurons.backward(f, dy, down, up, width, ids, perRow, gates, s, dgates, weights, ds, dx);
    }

    /** As many rows as the list is long, those at the end -1. */
    @Override
    public RowIndex rowIndex(IntStorage ids, IntFunction<? extends IntStorage> memory) {
        return lists.rowIndex(ids, Integer.MAX_VALUE, memory);
    }

    @Override
    public GroupIndex groupIndex(IntStorage group, int groups, IntFunction<? extends IntStorage> memory) {
        return lists.groupIndex(group, groups, memory);
    }

    @Override
    public void copyInts(int[] dims, IntStorage x, int[] strides, IntStorage y) {
        lists.copy(dims, x, strides, (DeviceInts) y);
    }

    @Override
    public void divideInts(IntStorage x, int n, boolean remainder, int block, int step, IntStorage y) {
        lists.divide(x, n, remainder, block, step, (DeviceInts) y);
    }

    @Override
    public void markColumns(IntStorage columns, int rows, int cols, int k, int inside, int outside, IntStorage y) {
        lists.mark(columns, rows, cols, k, inside, outside, (DeviceInts) y);
    }

    @Override
    public void firstOfGroups(GroupIndex index, int most, IntStorage group, IntStorage y) {
        lists.firstOfGroups(index, most, group, y);
    }

    @Override
    public void sendAtRandom(CounterRandom random, Storage gates, double threshold, int k, IntStorage chosen, IntStorage sent) {
        lists.sendAtRandom(random, gates, threshold, k, chosen, sent);
    }

    @Override
    public void countInts(IntStorage ids, double[] scale, int size, Storage counts) {
        lists.count(ids, scale, size, DeviceStorage.of(counts));
    }

    @Override
    public void gatherColumns(Storage x, int rows, int cols, IntStorage columns, int k, Storage y) {
        tableRows.gatherColumns(x, cols, columns, k, y);
    }

    @Override
    public void scatterAddColumns(Storage y, int rows, int cols, IntStorage columns, int k, Storage x) {
        tableRows.scatterAddColumns(y, cols, columns, k, x);
    }

    @Override
    public void topK(Storage x, int rows, int cols, int k, Storage values, IntStorage columns) {
        topK.largest(x, rows, cols, k, values, columns);
    }

    @Override
    public void productTopK(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids) {
        topK.products(a, b, rows, n, half, k, values, ids);
    }

    @Override
    public void softmax(Storage x, int rows, int cols, Storage y) {
        rowFunctions.softmax(x, rows, cols, y);
    }

    @Override
    public void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx) {
        rowFunctions.softmaxGrad(y, dy, rows, cols, dx);
    }

    @Override
    public void logSumExp(Storage x, int rows, int cols, Storage y) {
        rowFunctions.logSumExp(x, rows, cols, y);
    }

    @Override
    public void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse) {
        rowFunctions.crossEntropy(x, rows, cols, targets, smoothing, loss, lse);
    }

    @Override
    public void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add) {
        rowFunctions.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, dloss, dx, add);
    }

    @Override
    public void layerNorm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd) {
        rowFunctions.norm(x, gain, bias, eps, rows, cols, y, mean, rstd);
    }

    @Override
    public void layerNormGrad(Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx,
            Storage dgain, Storage dbias) {
        rowFunctions.normGrad(x, gain, mean, rstd, dy, rows, cols, dx, dgain, dbias);
    }

    @Override
    public void rmsNorm(Storage x, Storage gain, double eps, int rows, int cols, Storage y, Storage rrms) {
        rowFunctions.norm(x, gain, null, eps, rows, cols, y, null, rrms);
    }

    @Override
    public void rmsNormGrad(Storage x, Storage gain, Storage rrms, Storage dy, int rows, int cols, Storage dx, Storage dgain) {
        rowFunctions.normGrad(x, gain, null, rrms, dy, rows, cols, dx, dgain, null);
    }

    @Override
    public void attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {
        attention.forward(shape, q, k, v, bias, y, lse);
    }

    @Override
    public void attentionGrad(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv, Storage dbias) {
        attention.backward(shape, q, k, v, bias, y, lse, dy, dq, dk, dv, dbias);
    }

    @Override
    public void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y,
            boolean add) {
        rotary.turn(batch, time, heads, headDim, base, first, inverse, x, y, add);
    }

    @Override
    public void adam(AdamStep step, Storage p, Storage g, Storage m, Storage v) {
        adam.step(step, p, g, m, v);
    }

    @Override
    public void adamRows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v) {
        adam.rows(step, rows, width, p, g, m, v);
    }
}
