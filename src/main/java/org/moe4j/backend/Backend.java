package org.moe4j.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.function.LongFunction;

import org.moe4j.io.InputException;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.ValueType;

/**
 * The numbers' side of the engine. A back end takes memory, extents and attributes; it knows no operation and checks
 * nothing (operations do, when they are made). Matrices are row-major. "adds" means {@code out += result}: gradients are
 * always added, results overwrite unless a flag says otherwise. Results don't depend on the number of threads.
 *
 * <p>Lists of row numbers are {@link IntStorage}s, of this back end or of the host; a negative number is an empty slot: nothing is read or
 * written for it. No call but those that return numbers of the host waits for a device.
 */
public interface Backend extends AutoCloseable {
    /** The name it is opened by: reference, simd, dry. */
    String name();

    /** 8 for float64, 4 for float32. */
    int bytesPerValue();

    /** Of a storage of this type. */
    default int bytesPerValue(ValueType type) {
        return type == ValueType.BFLOAT16 ? Short.BYTES : bytesPerValue();
    }

    /** New memory, all zero. */
    Storage allocate(long size);

    /**
     * New memory, all zero, for values kept as {@code type}. Those that are not native can be copied, filled, drawn, read by rows, measured
     * ({@link #sumOfSquares(Storage)}) and stepped by {@link #adamRows}, which computes in the native type and rounds what it keeps.
     *
     * @throws InputException if this back end has none of that type
     */
    default Storage allocate(long size, ValueType type) {
        if (type == ValueType.NATIVE) {
            return allocate(size);
        }
        throw new InputException("the " + name() + " back end has no bfloat16 tables; experts with 'table: float32' would do");
    }

    /** As many storages of {@link #allocate(long, ValueType)}, all of one size; what allocates on several threads zeroes large ones in half the time. */
    default List<Storage> allocate(int count, long size, ValueType type) {
        List<Storage> made = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            made.add(allocate(size, type));
        }
        return made;
    }

    /** New memory for whole numbers, all zero. */
    default IntStorage allocateInts(int length) {
        return HostInts.allocate(length);
    }

    /** Rows that lie in a file, of this back end's values; see {@link RowStore}. Only copies, {@link #gatherRows}, {@link #scatterRows} and single values
     * reach them. */
    default Storage store(RowStore.Content content) {
        return new RowStore(content, bytesPerValue()).values();
    }

    /** Bytes that are free on a device with memory of its own; empty where values lie in this process' memory. */
    default OptionalLong freeDeviceBytes() {
        return OptionalLong.empty();
    }

    /** The device that it computes on and its driver, for results; empty where it computes on the processor. */
    default Optional<String> deviceName() {
        return Optional.empty();
    }

    @Override
    void close();

    // ---- whole storages --------------------------------------------------------------------------------------------

    void fill(Storage x, double value);

    /** y = x; rounded to the nearest where y keeps less. */
    void copy(Storage x, Storage y);

    /** The same from native values to bfloat16, rounded at random: x[i] with the upper noise of place {@code first} + i. */
    default void copyAtRandom(Storage x, StochasticRounding rounding, int first, Storage y) {
        for (int i = 0; i < x.size(); i++) {
            y.set(i, Bfloat16.value(Bfloat16.atRandom((float) x.get(i), rounding.upper(first + i))));
        }
    }

    /** y += alpha x. */
    void axpy(double alpha, Storage x, Storage y);

    /** x *= alpha. */
    void scale(double alpha, Storage x);

    /** The sum of squares, accumulated in float64; not finite if any value isn't. */
    double sumOfSquares(Storage x);

    /** The sum of that of each, in their order; on a device, one wait for all. */
    default double sumOfSquares(List<Storage> all) {
        return all.stream().mapToDouble(this::sumOfSquares).reduce(0, Double::sum);
    }

    /** x[i] = low + (high - low) u(i) with the generator's uniform numbers at counters 0, 1, .. */
    void uniform(CounterRandom random, double low, double high, Storage x);

    /** x[i] = deviation z(i) with the generator's normal numbers at counters 0, 1, .. */
    void normal(CounterRandom random, double deviation, Storage x);

    // ---- elementwise -----------------------------------------------------------------------------------------------

    /** y = f(x). */
    void unary(Unary f, Storage x, Storage y);

    /** dx adds dy f'(x), where y = f(x). */
    void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx);

    /** y = f(a, b) over {@code dims}, with a and b read by their strides and y row-major. */
    void binary(Binary f, int[] dims, Strided a, Strided b, Storage y);

    /** da adds dy df/da and db adds dy df/db by the strides of a and b; {@code da} or {@code db} may be null. */
    void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db);

    /** y = x, or y += x if {@code add}, over {@code dims}: transposes, slices, broadcasts; with add, sums over axes of stride 0. */
    void move(int[] dims, Strided x, Strided y, boolean add);

    // ---- matrix products -------------------------------------------------------------------------------------------

    /** c (m,n) = op(a) (m,k) · op(b) (k,n), or c += if {@code add}; a transposed operand is stored (k,m) or (n,k). */
    void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add);

    /** c (m,n) = op(a) · op(b), which is finished as the epilogue says. */
    default void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, Epilogue after) {
        Products.finished(this, transposeA, transposeB, m, n, k, a, b, c, after);
    }

    /**
     * One product for each expert e over its rows starts[e] .. starts[e+1]: y (R,n) = x (R,k) · op(w[e]), or y += if {@code add}.
     * w is (E,k,n), or (E,n,k) if transposed. Rows before starts[0] or after starts[E] are left alone.
     */
    void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add);

    /** y = x · op(w[e]), which is finished as the epilogue says; what rows that are nobody's then hold, here and there, is anything. */
    default void groupedGemm(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, Epilogue after) {
        Products.finishedByGroup(this, starts, transposeW, n, k, x, w, y, after);
    }

    /**
     * The weight gradient of the grouped product: dw[e] (m,n) = a[rows of e]ᵀ · b[rows of e], which is 0 without rows, or dw[e] += if
     * {@code add}; a (R,m), b (R,n), dw (E,m,n).
     */
    void groupedGemmWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add);

    /**
     * The products one after the other, where one may use what the ones before it have made of the same expert's rows: a back end may do all of an
     * expert's before it turns to the next one, so that what passes between them stays in a cache.
     */
    default void groupedProducts(IntStorage starts, List<GroupedProduct> products) {
        for (GroupedProduct product : products) {
            product.run(this, starts);
        }
    }

    /** y[r] = bias[e] for the rows r of each expert e, starts[e] to starts[e+1]; bias (E,n), y (R,n). Other rows are left alone. */
    default void groupedBias(IntStorage starts, int n, Storage bias, Storage y) {
        Products.bias(this, HostInts.of(starts), n, bias, y);
    }

    /** The gradient of {@link #groupedBias}: dbias[e] adds the sum of dy over the rows of e. */
    default void groupedBiasGrad(IntStorage starts, int n, Storage dy, Storage dbias) {
        Products.biasGrad(this, HostInts.of(starts), n, dy, dbias);
    }

    // ---- rows of a table -------------------------------------------------------------------------------------------

    /** y[i] = table[rows[i]]; zero for an empty slot. */
    void gatherRows(Storage table, int width, IntStorage rows, Storage y);

    /** table[rows[i]] adds x[i], in the order of i. */
    void scatterAddRows(Storage x, int width, IntStorage rows, Storage table);

    /**
     * table[rows[i]] = x[i]; the rows ascend and are distinct, empty slots apart. Also rows that lie in a file, or in fewer bits.
     *
     * @param rounding as in {@link #copyAtRandom}, or null
     */
    default void scatterRows(Storage x, int width, IntStorage rows, StochasticRounding rounding, Storage table) {
        TableRows.scatter(this, x, width, HostInts.of(rows), rounding, table);
    }

    /** s[t,j] = x[t] · table[ids[t,j]], or s += if {@code add}; x (T,width), ids and s (T,perRow); 0 for an empty slot. */
    void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add);

    /** y[t] = sum over j of weight[t,j] table[ids[t,j]], or y += if {@code add}; {@code weights} null means all 1. */
    void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add);

    /** The gradient of a table in the two products above: grad (U,width) = the sums, or grad += if {@code add}. */
    void rowGradient(RowSums sums, Storage grad, boolean add);

    /**
     * The same for all rows of the table: grad (N,width) = the sums in their rows and 0 in the others, or grad += the sums if {@code add}.
     *
     * @param work (U,width), for what may have to be written in between
     */
    default void tableGradient(RowSums sums, Storage grad, boolean add, Storage work) {
        TableRows.gradient(this, sums, grad, add, work);
    }

    /**
     * PEER's single-neuron experts (He 2024, algorithm 1): s[t,j] = x[t] · down[ids[t,j]], 0 for an empty slot, and
     * y[t] = sum over j of gates[t,j] f(s[t,j]) up[ids[t,j]]; x and y (T,width), ids, gates and s (T,perRow).
     *
     * @param work (2,T,perRow), for what may have to be written in between
     */
    default void singleNeurons(Unary f, Storage x, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s, Storage y, Storage work) {
        SingleNeurons.forward(this, f, x, down, up, width, ids, perRow, gates, s, y, work);
    }

    /**
     * Gradients of {@link #singleNeurons}: dgates[t,j] adds dy[t] · up[ids[t,j]] f(s[t,j]), dx adds its own, and weights (T,perRow) = gates f(s) and
     * ds (T,perRow) are the coefficients of the tables' gradients, dup[ids[t,j]] = weights[t,j] dy[t] and ddown[ids[t,j]] = ds[t,j] x[t], to be summed.
     *
     * @param dgates or null
     * @param dx or null
     * @param work as above
     */
    default void singleNeuronsGrad(Unary f, Storage dy, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s,
            Storage dgates, Storage weights, Storage ds, Storage dx, Storage work) {
        SingleNeurons.backward(this, f, dy, down, up, width, ids, perRow, gates, s, dgates, weights, ds, dx, work);
    }

    /** The sum of squares of what {@link #rowGradient} gives, accumulated in float64. */
    default double sumOfSquares(RowSums sums) {
        return TableRows.sumOfSquares(this, sums);
    }

    // ---- whole numbers ---------------------------------------------------------------------------------------------

    /** The distinct rows of a list; {@code memory} gives the lists for what is found. */
    default RowIndex rowIndex(IntStorage ids, IntFunction<? extends IntStorage> memory) {
        return RowIndex.of(HostInts.of(ids), memory);
    }

    /** A list of groups, of which there are {@code groups}, sorted by group. */
    default GroupIndex groupIndex(IntStorage group, int groups, IntFunction<? extends IntStorage> memory) {
        return GroupIndex.of(HostInts.of(group), groups, memory);
    }

    /** y, in row-major order over {@code dims}, = the numbers of x at these strides. */
    default void copyInts(int[] dims, IntStorage x, int[] strides, IntStorage y) {
        WholeNumbers.copy(dims, HostInts.of(x), strides, HostInts.of(y));
    }

    /**
     * y[p] = p / block · step + x[p] / n, or {@code + x[p] % n} if {@code remainder}: which row or column of one side a pair of product
     * keys stands for, the token of a slot. Empty slots stay empty.
     */
    default void divideInts(IntStorage x, int n, boolean remainder, int block, int step, IntStorage y) {
        WholeNumbers.divide(HostInts.of(x), n, remainder, block, step, HostInts.of(y));
    }

    /** y[r,c] (rows,cols) = {@code inside} if c is among columns[r,·] (rows,k), else {@code outside}. */
    default void markColumns(IntStorage columns, int rows, int cols, int k, int inside, int outside, IntStorage y) {
        WholeNumbers.mark(HostInts.of(columns), rows, cols, k, inside, outside, HostInts.of(y));
    }

    /** y[p] = group[p] for the first {@code most} places of each group, -1 for those behind: who finds room in a buffer. */
    default void firstOfGroups(GroupIndex index, int most, IntStorage group, IntStorage y) {
        WholeNumbers.firstOfGroups(index, most, HostInts.of(group), HostInts.of(y));
    }

    /**
     * Whether later choices are sent (GShard, Lepikhin et al. 2021, algorithm 1): sent[p] = chosen[p] for the first of each k, and for others if
     * u(p) < gates[p] / threshold with the generator's uniform numbers; else -1. A first gate of 0 was never computed (the dry back end): then all are.
     */
    default void sendAtRandom(CounterRandom random, Storage gates, double threshold, int k, IntStorage chosen, IntStorage sent) {
        WholeNumbers.sendAtRandom(random, gates, threshold, k, HostInts.of(chosen), HostInts.of(sent));
    }

    /** counts[g,n] (groups,size) = scale[g] times how often n is among the ids of group g, which are a row of ids (groups,·). */
    default void countInts(IntStorage ids, double[] scale, int size, Storage counts) {
        WholeNumbers.count(HostInts.of(ids), scale, size, counts);
    }

    // ---- columns of a row ------------------------------------------------------------------------------------------

    /** y[r,j] = x[r, columns[r,j]]; x (rows,cols), y (rows,k); 0 for an empty slot. */
    void gatherColumns(Storage x, int rows, int cols, IntStorage columns, int k, Storage y);

    /** x[r, columns[r,j]] adds y[r,j]. */
    void scatterAddColumns(Storage y, int rows, int cols, IntStorage columns, int k, Storage x);

    /** The k largest of each row in descending order, the lower column first at a tie; NaN counts as the smallest. */
    void topK(Storage x, int rows, int cols, int k, Storage values, IntStorage columns);

    /**
     * The k largest of the n·n sums a[r,i] + b[r,j] of each row, descending, and the id i·n + j of each, the lower one first at a
     * tie: the retrieval of product keys (Lample et al. 2019, section 3.1), which first takes {@code half} candidates of each
     * side (half ≥ k is exact, half·half ≥ k a must). NaN counts as the smallest.
     */
    void productTopK(Storage a, Storage b, int rows, int n, int half, int k, Storage values, IntStorage ids);

    /**
     * The same for the scores a[r] = q[r,0] first[g]ᵀ and b[r] = q[r,1] second[g]ᵀ of sub-keys, with as many candidates of each side as are exact. Row r is of
     * group g = r mod {@code groups}, as the heads of a token stand side by side; q (rows,2,width), first and second (groups,n,width), values and ids (rows,k).
     *
     * @param work gives memory for what may have to be written in between
     * @param lists the same for whole numbers
     */
    default void productKeys(Storage q, Storage first, Storage second, int rows, int groups, int n, int width, int k, Storage values, IntStorage ids,
            LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        ProductKeys.retrieve(this, q, first, second, rows, groups, n, width, k, values, ids, work, lists);
    }

    /**
     * Gradients of {@link #productKeys} by one side, whose sub-keys are {@code keys}: with c[r,j] = ids[r,j] / n of the first side or ids[r,j] mod n of the
     * second, dq[r,side] = or += sum over j of dy[r,j] keys[g,c[r,j]], and dkeys[g,i] = or += sum over the r of g and the j with c[r,j] = i of dy[r,j] q[r,side].
     *
     * @param side 0 or 1
     * @param ids as found, none of them empty
     * @param dq (rows,2,width), of which the side's values are written, or null
     * @param dkeys (groups,n,width) or null
     * @param work as above
     * @param lists as above
     */
    default void productKeysGrad(int side, Storage q, Storage keys, int rows, int groups, int n, int width, int k, IntStorage ids, Storage dy,
            Storage dq, boolean addQ, Storage dkeys, boolean addKeys, LongFunction<Storage> work, IntFunction<IntStorage> lists) {
        ProductKeys.gradient(this, side, q, keys, rows, groups, n, width, k, ids, dy, dq, addQ, dkeys, addKeys, work, lists);
    }

    // ---- row-wise functions ----------------------------------------------------------------------------------------

    void softmax(Storage x, int rows, int cols, Storage y);

    /** dx adds y (dy - sum(y dy)) by rows. */
    void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx);

    /** y[r] = log sum exp x[r,·]. */
    void logSumExp(Storage x, int rows, int cols, Storage y);

    /**
     * Cross-entropy from logits, in nats: loss[r] = (1-smoothing) (lse - x[target]) + smoothing (lse - mean x), and lse[r];
     * rows with a negative target have loss 0.
     */
    void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse);

    /**
     * dx[r] = dloss[r] (softmax(x[r]) - (1-smoothing) onehot - smoothing/cols), or dx += if {@code add}; 0 for rows with a negative target. Without
     * {@code add}, dx may be x.
     */
    void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add);

    /**
     * Both of these in one, without smoothing, where the gradient of the loss is known before it: x, which nobody reads any more, becomes its own gradient.
     *
     * @param work (rows), for what may have to be written in between
     */
    default void crossEntropyInPlace(Storage x, int rows, int cols, IntStorage targets, Storage dloss, Storage loss, Storage work) {
        crossEntropy(x, rows, cols, targets, 0, loss, work);
        crossEntropyGrad(x, work, rows, cols, targets, 0, dloss, x, false);
    }

    /** y = (x - mean) rstd gain + bias by rows, biased variance, rstd = 1/sqrt(var + eps); gain and bias may be null. */
    void layerNorm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd);

    /** Gradients of {@link #layerNorm}, all added; any of dx, dgain, dbias may be null. */
    void layerNormGrad(Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx, Storage dgain, Storage dbias);

    /** y = x rrms gain by rows, rrms = 1/sqrt(mean(x²) + eps); gain may be null. */
    void rmsNorm(Storage x, Storage gain, double eps, int rows, int cols, Storage y, Storage rrms);

    /** Gradients of {@link #rmsNorm}, all added; dx or dgain may be null. */
    void rmsNormGrad(Storage x, Storage gain, Storage rrms, Storage dy, int rows, int cols, Storage dx, Storage dgain);

    // ---- attention -------------------------------------------------------------------------------------------------

    /**
     * Attention: y[b,t,h] = sum over the keys s that t sees of softmax_s(score[b,t,h,s]) v[b,s,g], with query head h reading key/value
     * head g = h / (H / KV) and the scores as {@link AttentionShape} says, plus bias[h, s - t + Tq - 1] where there is a bias. q and y
     * (B,Tq,H·Dh), k and v (B,Tk,KV·Dh), bias (H, distances) or null; lse (B,H,Tq) keeps each row's log-sum-exp for the gradient.
     */
    void attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse);

    /** Gradients of {@link #attention}, added to dq, dk, dv, none of them null, and dbias, which may be. */
    void attentionGrad(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv, Storage dbias);

    /**
     * Rotary positions, half-split pairs (i, i + Dh/2): the angle of pair i at position p is p base^(-2i/Dh). x and y are
     * (B,T,H·Dh), positions count from {@code first} along T. {@code inverse} turns back (the gradient); {@code add} adds to y.
     */
    void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add);

    // ---- optimizer -------------------------------------------------------------------------------------------------

    /** One Adam step (see {@link AdamStep}) of parameter p with gradient g and moments m, v. */
    void adam(AdamStep step, Storage p, Storage g, Storage m, Storage v);

    /**
     * The same for rows of tables p, m, v only: row rows[u] takes gradient row u of g (U,width); the rows are distinct. The tables may be
     * bfloat16, all three.
     */
    void adamRows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v);

    /** The same with a gradient that has not been added up. */
    default void adamRows(AdamStep step, RowSums g, Storage p, Storage m, Storage v) {
        TableRows.adam(this, step, g, p, m, v);
    }
}
