package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Reading and writing by row and column numbers: embeddings, the dispatch of tokens to experts and their combination, product keys. Negative
 * numbers are empty slots. Rows are all axes but the last.
 */
public interface RowOperations extends Recorder {
    /** y[i] = table[ids[i]]; ids in the order of {@code list}, y (list.., D). */
    default Variable embedding(Variable table, IntStorage ids, Shape list) {
        return run(new GatherRows(table, ids, list));
    }

    /** y[i] = x[rows[i]]. */
    default Variable gatherRows(Variable x, IntStorage rows) {
        return run(new GatherRows(x, rows, Shape.of(rows.length())));
    }

    /** y (count,D) with y[rows[i]] adding x[i]. */
    default Variable scatterRows(Variable x, IntStorage rows, int count) {
        return run(new ScatterRows(x, rows, count));
    }

    /** s[t,j] = x[t] · table[ids[t,j]]. */
    default Variable gatherDot(Variable x, Variable table, IntStorage ids, int perRow) {
        return run(new GatherDot(x, table, ids, perRow));
    }

    /** y[t] = sum over j of weights[t,j] table[ids[t,j]]; weights null are all 1. */
    default Variable gatherSum(Variable weights, Variable table, IntStorage ids, int perRow) {
        return run(new GatherSum(weights, table, ids, perRow));
    }

    /** y[t] = sum over j of gates[t,j] f(x[t] · down[ids[t,j]]) up[ids[t,j]]: PEER's single-neuron experts. */
    default Variable singleNeurons(Unary f, Variable x, Variable down, Variable up, IntStorage ids, Variable gates) {
        return run(new SingleNeurons(f, x, down, up, ids, gates));
    }

    /** y[r,j] = x[r, columns[r,j]]. */
    default Variable gatherColumns(Variable x, IntStorage columns, int k) {
        return run(new GatherColumns(x, columns, k));
    }

    /** y (..,count) with y[r, columns[r,j]] adding x[r,j]. */
    default Variable scatterColumns(Variable x, IntStorage columns, int count) {
        return run(new ScatterColumns(x, columns, count));
    }

    /** The k largest of the sums a[r,i] + b[r,j] and i·n + j for each, found exactly. */
    default Ranked productTopK(Variable a, Variable b, int k) {
        return productTopK(a, b, Math.min(k, a.shape().columns()), k);
    }

    /** The same among the sums of the {@code half} best of each side only. */
    default Ranked productTopK(Variable a, Variable b, int half, int k) {
        IntStorage ids = ints(a.shape().rows() * k);
        return new Ranked(run(new ProductTopK(a, b, half, k, ids)), ids);
    }

    /**
     * For each of H heads, whose query is (q ; q'), the k experts i·N + j with the largest sums of q · first[i] and q' · second[j], found exactly, (..,H,k).
     *
     * @param queries (..,H·2w), for each head its two halves
     * @param first (N,w), or (H,N,w) where heads have sub-keys of their own
     */
    default Ranked productKeys(Variable queries, Variable first, Variable second, int k) {
        IntStorage ids = ints(Math.toIntExact(queries.shape().size() / (2L * first.shape().columns()) * k));
        return new Ranked(run(new ProductKeys(queries, first, second, k, ids)), ids);
    }

    // ---- the same with lists of the host ---------------------------------------------------------------------------

    default Variable embedding(Variable table, int[] ids, Shape list) {
        return embedding(table, IntStorage.of(ids), list);
    }

    default Variable gatherRows(Variable x, int[] rows) {
        return gatherRows(x, IntStorage.of(rows));
    }

    default Variable scatterRows(Variable x, int[] rows, int count) {
        return scatterRows(x, IntStorage.of(rows), count);
    }

    default Variable gatherDot(Variable x, Variable table, int[] ids, int perRow) {
        return gatherDot(x, table, IntStorage.of(ids), perRow);
    }

    default Variable gatherSum(Variable weights, Variable table, int[] ids, int perRow) {
        return gatherSum(weights, table, IntStorage.of(ids), perRow);
    }

    default Variable gatherColumns(Variable x, int[] columns, int k) {
        return gatherColumns(x, IntStorage.of(columns), k);
    }

    default Variable scatterColumns(Variable x, int[] columns, int count) {
        return scatterColumns(x, IntStorage.of(columns), count);
    }
}
