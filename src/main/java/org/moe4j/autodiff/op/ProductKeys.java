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

/**
 * Retrieval by product keys (Lample et al. 2019, section 3.1): a token has H heads with a query each, (q ; q') of width 2w; for each head the k largest of the
 * N·N sums q · first[i] + q' · second[j], descending, and i·N + j for each. The 2·N scores of a query are kept no longer than it takes; only k sub-keys of a side have
 * a gradient in it, so backward reads those rows of the sub-keys alone and multiplies no matrix of N columns that are nearly all zero.
 *
 * @param queries (..,H·2w)
 * @param first (N,w), or (H,N,w) where each head has sub-keys of its own
 * @param second of the same shape
 * @param ids where forward writes i·N + j (..,H,k)
 */
public record ProductKeys(Variable queries, Variable first, Variable second, int k, IntStorage ids) implements Op {
    public ProductKeys {
        Check.rankAtLeast("productKeys", "the first sub-keys", first, 2);
        Check.equal("productKeys", "the second sub-keys", second, first.shape());
        int n = first.shape().dim(-2);
        int groups = first.shape().rows() / n;
        int query = 2 * first.shape().columns();
        int all = queries.shape().columns();
        if (query == 0 || all % query != 0 || groups > 1 && all != groups * query) {
            throw new IllegalArgumentException("productKeys: queries " + queries.shape() + " for sub-keys " + first.shape() + ", wanted "
                + (groups > 1 ? groups + " times " : "a multiple of ") + query + " values a row, two halves for each head");
        }
        Check.range("productKeys", "k with " + n + " sub-keys a side", k, 1, (long) n * n);
        Check.length("productKeys", "the ids for queries " + queries.shape(), ids.length(), queries.shape().size() / query * k);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(queries, first, second);
    }

    /** (..,H,k). */
    @Override
    public List<Shape> outputs() {
        int[] dims = queries.shape().dims();
        int[] found = Arrays.copyOf(dims, dims.length + 1);
        found[dims.length - 1] = queries.shape().columns() / (2 * width());
        found[dims.length] = k;
        return List.of(Shape.of(found));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.productKeys(queries.data(), first.data(), second.data(), rows(), groups(), n(), width(), k, call.y(), ids, call::scratch, call::scratchInts);
    }

    @Override
    public void backward(Backend on, Call call) {
        boolean add = queries.wantsGrad() && queries.addsToGrad();
        gradients(on, call, 0, first, add);
        gradients(on, call, 1, second, add);
    }

    private void gradients(Backend on, Call call, int side, Variable keys, boolean add) {
        boolean addKeys = keys.wantsGrad() && keys.addsToGrad();
        on.productKeysGrad(side, queries.data(), keys.data(), rows(), groups(), n(), width(), k, ids, call.dy(), Check.gradient(queries), add, Check.gradient(keys), addKeys,
            call::scratch, call::scratchInts);
    }

    /** The scores and the candidate sums. */
    @Override
    public Cost cost() {
        long scores = 2L * rows() * n();
        long candidates = Math.min(k, n());
        return new Cost(2 * scores * width() + rows() * candidates * candidates,
            Float.BYTES * (queries.shape().size() + 2 * first.shape().size() + 2 * scores + 2L * rows() * k));
    }

    /** Queries: heads of all tokens. */
    private int rows() {
        return Math.toIntExact(queries.shape().size() / (2 * width()));
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
