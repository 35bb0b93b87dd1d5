package org.moe4j.backend.simd;

import java.util.Arrays;
import org.moe4j.backend.AttentionShape;

/**
 * Attention over tiles of {@link #TILE} queries: their scores against all keys that any of them sees are one matrix product into
 * scratch, the mix of values another. Only each row's log-sum-exp is kept; the gradient computes the scores again (Dao et al.
 * 2022, section 3.1, with whole rows of a tile instead of blocks of keys). Scratch a thread: 2 · TILE · Tk values.
 *
 * @param bias of the scores by distance, or null
 */
record Attention(AttentionShape shape, FloatStorage q, FloatStorage k, FloatStorage v, FloatStorage bias, FloatStorage y, FloatStorage lse) {
    static final int TILE = 48; // a multiple of the 6 rows of the matrix product's register tile

    void forward(Team team) {
        int tiles = Sgemm.blocks(shape.queries(), TILE);
        team.parallel(shape.batch() * shape.heads() * tiles, task -> {
            int t0 = (tiles - 1 - task % tiles) * TILE; // the long ones first
            forward(task / tiles / shape.heads(), task / tiles % shape.heads(), t0, Math.min(TILE, shape.queries() - t0));
        });
    }

    private void forward(int b, int h, int t0, int rows) {
        if (hidesSome(rows) && !finite(v, key(b, h) + t0 * keyStride(), keyStride(), rows)) {
            for (int i = 0; i < rows; i++) forward(b, h, t0 + i, 1);
            return;
        }
        int keys = shape.visible(t0 + rows - 1);
        int width = shape.headDim();
        float[] scores = Scratch.mine().scores(TILE * keys);
        int query = query(b, t0, h);
        int key = key(b, h);
        Sgemm.block(false, true, rows, keys, width, q.array(), q.offset() + query, queryStride(),
                k.array(), k.offset() + key, keyStride(), scores, 0, keys, false);
        float[] scale = new float[rows];
        for (int i = 0; i < rows; i++) {
            int n = shape.visible(t0 + i);
            capped(scores, i * keys, n);
            biased(scores, i * keys, n, h, t0 + i);
            float most = Runs.max(scores, i * keys, n);
            Softmax.exps(scores, i * keys, 1, -most, scores, i * keys, n);
            float sum = (float) Runs.sum(scores, i * keys, n);
            Arrays.fill(scores, i * keys + n, (i + 1) * keys, 0);
            scale[i] = n == 0 ? 0 : 1 / sum;
            lse.array()[lse.offset() + row(b, h, t0 + i)] = (float) (most + Math.log(sum));
        }
        Sgemm.block(false, false, rows, width, keys, scores, 0, keys, v.array(), v.offset() + key, keyStride(),
                y.array(), y.offset() + query, queryStride(), false);
        for (int i = 0; i < rows; i++) Runs.scale(scale[i], y.array(), y.offset() + query + i * queryStride(), width);
    }

    /** Whether scores are dot products times a factor. */
    boolean isPlain() {
        return bias == null && shape.softCap() == 0;
    }

    /** Dot products to scores: scales n of them, and bends them if there is a cap. */
    void capped(float[] scores, int at, int n) {
        float cap = (float) shape.softCap();
        if (cap == 0) {
            Runs.scale((float) shape.scale(), scores, at, n);
            return;
        }
        Runs.scale((float) (shape.scale() / cap), scores, at, n);
        Softmax.tanhs(scores, at, n);
        Runs.scale(cap, scores, at, n);
    }

    /** Adds the bias to the scores of the first n keys. */
    void biased(float[] scores, int at, int n, int h, int t) {
        if (bias != null) Runs.add(bias.array(), bias.offset() + distance(h, t), scores, at, n);
    }

    /**
     * Whether some query of a tile of so many doesn't see all its keys. A hidden key has probability 0, and 0 times NaN is NaN: where
     * that would pass on what a query must not see, its tile is computed one query at a time.
     */
    boolean hidesSome(int rows) {
        return shape.causal() && rows > 1;
    }

    /** Whether all values of one head at {@code rows} positions are finite. */
    boolean finite(FloatStorage x, int at, int stride, int rows) {
        for (int i = 0; i < rows; i++) {
            if (!Runs.finite(x.array(), x.offset() + at + i * stride, shape.headDim())) return false;
        }
        return true;
    }

    /** Query heads that share a key/value head. */
    int group() {
        return shape.heads() / shape.keyHeads();
    }

    int queryStride() {
        return shape.heads() * shape.headDim();
    }

    int keyStride() {
        return shape.keyHeads() * shape.headDim();
    }

    int query(int b, int t, int h) {
        return (b * shape.queries() + t) * queryStride() + h * shape.headDim();
    }

    /** The first key of the head that query head h reads. */
    int key(int b, int h) {
        return b * shape.keys() * keyStride() + h / group() * shape.headDim();
    }

    int row(int b, int h, int t) {
        return (b * shape.heads() + h) * shape.queries() + t;
    }

    /** Where the bias of the first key stands for query t of head h. */
    int distance(int h, int t) {
        return h * shape.distances() + shape.firstDistance(t);
    }
}
