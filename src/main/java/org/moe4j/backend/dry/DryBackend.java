package org.moe4j.backend.dry;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.RowStore;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.ValueType;

/**
 * Computes nothing and allocates nothing, but counts. What would depend on data comes out balanced: a top-k deals the
 * columns out in turn, so that every expert gets its equal share, and product keys are spread evenly over the n·n pairs.
 * Native values are counted as float32.
 */
public final class DryBackend implements Backend {
    private long allocatedValues;

    /** The values asked for so far, in all calls of {@link #allocate}; nothing is ever given back to a back end. */
    public long allocatedValues() {
        return allocatedValues;
    }

    @Override
    public String name() {
        return "dry";
    }

    @Override
    public int bytesPerValue() {
        return Float.BYTES;
    }

    @Override
    public Storage allocate(long size) {
        return allocate(size, ValueType.NATIVE);
    }

    @Override
    public Storage allocate(long size, ValueType type) {
        allocatedValues += size;
        return new Extent(size, type, true);
    }

    @Override
    public Storage store(RowStore.Content content) {
        return new Extent((long) content.rows() * content.width(), ValueType.NATIVE, false);
    }

    @Override
    public void close() {}

    @Override
    public void fill(Storage x, double value) {}

    @Override
    public void copy(Storage x, Storage y) {}

    @Override
    public void copyAtRandom(Storage x, StochasticRounding rounding, int first, Storage y) {}

    @Override
    public void axpy(double alpha, Storage x, Storage y) {}

    @Override
    public void scale(double alpha, Storage x) {}

    @Override
    public double sumOfSquares(Storage x) {
        return 0;
    }

    @Override
    public void uniform(CounterRandom random, double low, double high, Storage x) {}

    @Override
    public void normal(CounterRandom random, double deviation, Storage x) {}

    @Override
    public void unary(Unary f, Storage x, Storage y) {}

    @Override
    public void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {}

    @Override
    public void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {}

    @Override
    public void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {}

    @Override
    public void move(int[] dims, Strided x, Strided y, boolean add) {}

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {}

    @Override
    public void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {}

    @Override
    public void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {}

    @Override
    public void gatherRows(Storage table, int width, IntStorage rows, Storage y) {}

    @Override
    public void scatterAddRows(Storage x, int width, IntStorage rows, Storage table) {}

    @Override
    public void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add) {}

    @Override
    public void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add) {}

    @Override
    public void rowGradient(RowSums sums, Storage grad, boolean add) {}

    @Override
    public double sumOfSquares(RowSums sums) {
        return 0;
    }

    @Override
    public void gatherColumns(Storage x, int rows, int cols, IntStorage columns, int k, Storage y) {}

    @Override
    public void scatterAddColumns(Storage y, int rows, int cols, IntStorage columns, int k, Storage x) {}

    /** Columns 0, 1, .. in turn, round and round: distinct within a row, since k is at most cols. */
    @Override
    public void topK(Storage x, int rows, int cols, int k, Storage values, IntStorage columns) {
        HostInts found = HostInts.of(columns);
        for (int p = 0; p < rows * k; p++) {
            found.set(p, p % cols);
        }
    }

    @Override
    public void productTopK(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids) {
        HostInts found = HostInts.of(ids);
        long places = (long) rows * k;
        long choices = (long) n * n;
        for (int p = 0; p < places; p++) {
            found.set(p, (int) (places < choices ? p * choices / places : p % choices));
        }
    }

    @Override
    public void softmax(Storage x, int rows, int cols, Storage y) {}

    @Override
    public void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx) {}

    @Override
    public void logSumExp(Storage x, int rows, int cols, Storage y) {}

    @Override
    public void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse) {}

    @Override
    public void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add) {}

    @Override
    public void layerNorm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd) {}

    @Override
    public void layerNormGrad(Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx,
            Storage dgain, Storage dbias) {}

    @Override
    public void rmsNorm(Storage x, Storage gain, double eps, int rows, int cols, Storage y, Storage rrms) {}

    @Override
    public void rmsNormGrad(Storage x, Storage gain, Storage rrms, Storage dy, int rows, int cols, Storage dx, Storage dgain) {}

    @Override
    public void attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {}

    @Override
    public void attentionGrad(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv, Storage dbias) {}

    @Override
    public void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add) {}

    @Override
    public void adam(AdamStep step, Storage p, Storage g, Storage m, Storage v) {}

    @Override
    public void adamRows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v) {}

    @Override
    public void adamRows(AdamStep step, RowSums g, Storage p, Storage m, Storage v) {}
}
