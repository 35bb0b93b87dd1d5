package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.HalfStorage;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.ValueType;

/** The definition of every back end: float64, plain loops, one thread. The loops stand in the file of their theme. */
public final class ReferenceBackend implements Backend {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public int bytesPerValue() {
        return Double.BYTES;
    }

    @Override
    public Storage allocate(long size) {
        return Doubles.allocate(size);
    }

    /** bfloat16 values are rounded as they are written; what is computed is float64 as ever. */
    @Override
    public Storage allocate(long size, ValueType type) {
        return type == ValueType.BFLOAT16 ? HalfStorage.allocate(size) : allocate(size);
    }

    @Override
    public void close() {}

    @Override
    public void fill(Storage x, double value) {
        for (long i = 0; i < x.size(); i++) {
            x.set(i, value);
        }
    }

    @Override
    public void copy(Storage x, Storage y) {
        for (long i = 0; i < x.size(); i++) {
            y.set(i, x.get(i));
        }
    }

    @Override
    public void axpy(double alpha, Storage x, Storage y) {
        for (long i = 0; i < x.size(); i++) {
            add(y, i, alpha * x.get(i));
        }
    }

    @Override
    public void scale(double alpha, Storage x) {
        for (long i = 0; i < x.size(); i++) {
            x.set(i, alpha * x.get(i));
        }
    }

    @Override
    public double sumOfSquares(Storage x) {
        double sum = 0;
        for (long i = 0; i < x.size(); i++) {
            sum += x.get(i) * x.get(i);
        }
        return sum;
    }

    @Override
    public void uniform(CounterRandom random, double low, double high, Storage x) {
        for (long i = 0; i < x.size(); i++) {
            x.set(i, low + (high - low) * random.uniform(i));
        }
    }

    @Override
    public void normal(CounterRandom random, double deviation, Storage x) {
        for (long i = 0; i < x.size(); i++) {
            x.set(i, deviation * random.normal(i));
        }
    }

    @Override
    public void unary(Unary f, Storage x, Storage y) {
        Elementwise.unary(f, x, y);
    }

    @Override
    public void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {
        Elementwise.unaryGrad(f, x, y, dy, dx);
    }

    @Override
    public void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {
        Elementwise.binary(f, dims, a, b, y);
    }

    @Override
    public void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {
        Elementwise.binaryGrad(f, dims, a, b, dy, da, db);
    }

    @Override
    public void move(int[] dims, Strided x, Strided y, boolean add) {
        Elementwise.move(dims, x, y, add);
    }

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {
        Matrices.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
    }

    @Override
    public void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {
        Matrices.groupedGemm(starts, transposeW, n, k, x, w, y, add);
    }

    @Override
    public void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {
        Matrices.groupedGemmWeights(starts, m, n, a, b, dw, add);
    }

    @Override
    public void gatherRows(Storage table, int width, IntStorage rows, Storage y) {
        Rows.gather(table, width, rows, y);
    }

    @Override
    public void scatterAddRows(Storage x, int width, IntStorage rows, Storage table) {
        Rows.scatterAdd(x, width, rows, table);
    }

    @Override
    public void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add) {
        Rows.gatherDot(x, table, width, ids, perRow, s, add);
    }

    @Override
    public void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add) {
        Rows.gatherSum(weights, table, width, ids, perRow, y, add);
    }

    @Override
    public void rowGradient(RowSums sums, Storage grad, boolean add) {
        if (!add) fill(grad, 0);
        Rows.gradient(sums, grad);
    }

    @Override
    public void gatherColumns(Storage x, int rows, int cols, IntStorage columns, int k, Storage y) {
        Columns.gather(x, rows, cols, columns, k, y);
    }

    @Override
    public void scatterAddColumns(Storage y, int rows, int cols, IntStorage columns, int k, Storage x) {
        Columns.scatterAdd(y, rows, cols, columns, k, x);
    }

    @Override
    public void topK(Storage x, int rows, int cols, int k, Storage values, IntStorage columns) {
        Columns.topK(x, rows, cols, k, values, columns);
    }

    @Override
    public void productTopK(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids) {
        Columns.productTopK(a, b, rows, n, half, k, values, ids);
    }

    @Override
    public void softmax(Storage x, int rows, int cols, Storage y) {
        RowFunctions.softmax(x, rows, cols, y);
    }

    @Override
    public void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx) {
        RowFunctions.softmaxGrad(y, dy, rows, cols, dx);
    }

    @Override
    public void logSumExp(Storage x, int rows, int cols, Storage y) {
        RowFunctions.logSumExp(x, rows, cols, y);
    }

    @Override
    public void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse) {
        RowFunctions.crossEntropy(x, rows, cols, targets, smoothing, loss, lse);
    }

    @Override
    public void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add) {
        RowFunctions.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, dloss, dx, add);
    }

    @Override
    public void layerNorm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd) {
        Norms.layerNorm(x, gain, bias, eps, rows, cols, y, mean, rstd);
    }

    @Override
    public void layerNormGrad(Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx,
            Storage dgain, Storage dbias) {
        Norms.layerNormGrad(x, gain, mean, rstd, dy, rows, cols, dx, dgain, dbias);
    }

    @Override
    public void rmsNorm(Storage x, Storage gain, double eps, int rows, int cols, Storage y, Storage rrms) {
        Norms.rmsNorm(x, gain, eps, rows, cols, y, rrms);
    }

    @Override
    public void rmsNormGrad(Storage x, Storage gain, Storage rrms, Storage dy, int rows, int cols, Storage dx, Storage dgain) {
        Norms.rmsNormGrad(x, gain, rrms, dy, rows, cols, dx, dgain);
    }

    @Override
    public void attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {
        new Attention(shape, q, k, v, bias).forward(y, lse);
    }

    @Override
    public void attentionGrad(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv, Storage dbias) {
        new Attention(shape, q, k, v, bias).backward(y, lse, dy, dq, dk, dv, dbias);
    }

    @Override
    public void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add) {
        Rotary.turn(batch, time, heads, headDim, base, first, inverse, x, y, add);
    }

    @Override
    public void adam(AdamStep step, Storage p, Storage g, Storage m, Storage v) {
        Adam.step(step, p, g, m, v);
    }

    @Override
    public void adamRows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v) {
        Adam.rows(step, rows, width, p, g, m, v);
    }
}
