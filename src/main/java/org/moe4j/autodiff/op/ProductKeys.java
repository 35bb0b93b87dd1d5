package org.moe4j.autodiff.op;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Retrieval by product keys (Lample et al. 2019, section 3.1): the k largest of the N·N sums q[0,r] · first[i] + q[1,r] · second[j] of each
 * row, descending, and i·N + j for each. The 2·N scores of a row live in scratch memory; only k sub-keys of a side have a gradient in a
 * row, so backward reads those rows of the sub-keys alone and multiplies no matrix of N columns that are nearly all zero.
 *
 * @param queries (2,..,w), for both sides R rows
 * @param first (N,w), or (G,N,w) where each of G equal groups of rows has sub-keys of its own
 * @param second of the same shape
 * @param ids where forward writes i·N + j (R,k)
 */
public record ProductKeys(Variable queries, Variable first, Variable second, int k, IntStorage ids) implements Op {
    /** Rows whose scores are held at once where they have to be: 4 MB with 1024 sub-keys a side, for the last cache. */
    private static final int TILE = 512;

    public ProductKeys {
        Check.rankAtLeast("productKeys", "queries", queries, 2);
        Check.length("productKeys", "the first axis of queries " + queries.shape(), queries.shape().dim(0), 2);
        Check.rankAtLeast("productKeys", "the first sub-keys", first, 2);
        Check.equal("productKeys", "the second sub-keys", second, first.shape());
        Check.length("productKeys", "a query of " + queries.shape() + " for sub-keys " + first.shape(), queries.shape().columns(), first.shape().columns());
        int n = first.shape().dim(-2);
        int groups = first.shape().rows() / n;
        int rows = queries.shape().rows() / 2;
        if (rows % groups != 0) {
            throw new IllegalArgumentException("productKeys: " + rows + " rows of queries are not " + groups + " equal groups");
        }
        Check.range("productKeys", "k with " + n + " sub-keys a side", k, 1, (long) n * n);
        Check.length("productKeys", "the ids for queries " + queries.shape(), ids.length(), (long) rows * k);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(queries, first, second);
    }

    @Override
    public List<Shape> outputs() {
        int[] dims = queries.shape().dims();
        int[] found = Arrays.copyOfRange(dims, 1, dims.length);
        found[found.length - 1] = k;
        return List.of(Shape.of(found));
    }

    @Override
    public void forward(Backend on, Call call) {
        int held = Math.min(TILE, rows() / groups());
        on.productKeys(queries.data(), first.data(), second.data(), rows(), groups(), n(), width(), k, call.y(), ids, call.scratch(2L * held * n()));
    }

    @Override
    public void backward(Backend on, Call call) {
        boolean add = queries.wantsGrad() && queries.addsToGrad();
        gradients(on, call, 0, first, add);
        gradients(on, call, 1, second, add);
    }

    /** dq[r] = or += sum over j of dy[r,j] key[r,j] and dkey[r,j] += dy[r,j] q[r], over the keys that row r found. */
    private void gradients(Backend on, Call call, int side, Variable keys, boolean add) {
        IntStorage found = call.scratchInts(ids.length()); // which of the rows of the side's sub-keys make up the sums that were found
        on.divideInts(ids, n(), side == 1, rows() / groups() * k, n(), found);
        if (queries.wantsGrad()) {
            on.gatherSum(call.dy(), keys.data(), width(), found, k, side(queries.dData(), side), add);
        }
        if (keys.wantsGrad()) {
            call.addRowGradient(on, keys, found, call.dy(), side(queries.data(), side), k);
        }
    }

    private Storage side(Storage both, int side) {
        long size = (long) rows() * width();
        return both.slice(side * size, size);
    }

    /** The scores and the candidate sums. */
    @Override
    public Cost cost() {
        long scores = 2L * rows() * n();
        long candidates = Math.min(k, n());
        return new Cost(2 * scores * width() + rows() * candidates * candidates,
            Float.BYTES * (queries.shape().size() + 2 * first.shape().size() + 2 * scores + 2L * rows() * k));
    }

    private int rows() {
        return queries.shape().rows() / 2;
    }

    private int groups() {
        return first.shape().rows() / n();
    }

    private int n() {
        return first.shape().dim(-2);
    }

    private int width() {
        return first.shape().columns();
    }
}
