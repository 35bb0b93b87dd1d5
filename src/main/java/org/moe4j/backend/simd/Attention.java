package org.moe4j.backend.simd;

import java.util.Arrays;
import org.moe4j.backend.AttentionShape;

/**
 * Attention over tiles of {@link #TILE} queries: their scores against all keys that any of them sees are one matrix product into
 * scratch, the mix of values another. Only each row's log-sum-exp is kept; the gradient computes the scores again (Dao et al.
 * 2022, section 3.1, with whole rows of a tile instead of blocks of keys). Scratch a thread: 2 · TILE · Tk values, and three times the
 * keys of a head.
 *
 * @param bias of the scores by distance, or null
 */
record Attention(AttentionShape shape, FloatStorage q, FloatStorage k, FloatStorage v, FloatStorage bias, FloatStorage y, FloatStorage lse) {
    static final int TILE = 48; // a multiple of the 6 rows of the matrix product's register tile
    private static final int TASKS_A_THREAD = 4;

    /** A task is some tiles of one head, for which its keys and values are packed once: all of them where there are heads enough for every thread. */
    void forward(Team team) {
        int heads = shape.batch() * shape.heads();
        int tiles = Sgemm.blocks(shape.queries(), TILE);
        int cuts = heads == 0 ? 1 : Math.clamp(Sgemm.blocks(TASKS_A_THREAD * team.size(), heads), 1, Math.max(1, tiles));
        team.parallel(heads * cuts, task -> {
            int b = task % heads / shape.heads();
            int h = task % heads % shape.heads();
            int cut = cuts - 1 - task / heads; // the long ones first
            packTransposed(k, b, h, 0, shape.keys(), Scratch.mine().head(0));
            pack(v, b, h, 0, shape.keys(), Scratch.mine().head(1));
            for (int tile = cut; tile < tiles; tile += cuts) {
                forward(b, h, tile * TILE, Math.min(TILE, shape.queries() - tile * TILE));
            }
        });
    }

    private void forward(int b, int h, int t0, int rows) {
        if (hidesSome(rows) && !finite(v, key(b, h) + t0 * keyStride(), keyStride(), rows)) {
            for (int i = 0; i < rows; i++) forward(b, h, t0 + i, 1);
            return;
        }
        int keys = shape.visible(t0 + rows - 1);
        int width = shape.headDim();
        int stride = scoreStride(keys);
        float[] scores = Scratch.mine().scores((TILE + 6) * stride);
        int query = query(b, t0, h);
        Scratch.mine().head(0).multiply(rows, keys, width, q.array(), q.offset() + query, queryStride(), false, scores, 0, stride, false);
        float[] scale = new float[rows];
        for (int i = 0; i < rows; i++) {
            int n = shape.visible(t0 + i);
            capped(scores, i * stride, n);
            biased(scores, i * stride, n, distance(h, t0 + i));
            float most = Runs.max(scores, i * stride, n);
            Softmax.exps(scores, i * stride, 1, -most, scores, i * stride, n);
            float sum = (float) Runs.sum(scores, i * stride, n);
            Arrays.fill(scores, i * stride + n, i * stride + keys, 0);
            scale[i] = n == 0 ? 0 : 1 / sum;
            lse.array()[lse.offset() + row(b, h, t0 + i)] = (float) (most + Math.log(sum));
        }
        Scratch.mine().head(1).multiply(rows, width, keys, scores, 0, stride, stride == Tiles.ROW, y.array(), y.offset() + query, queryStride(), false);
        for (int i = 0; i < rows; i++) Runs.scale(scale[i], y.array(), y.offset() + query + i * queryStride(), width);
    }

    /** Packs {@code count} keys or values of a head, transposed. */
    void packTransposed(FloatStorage x, int b, int h, int from, int count, PackedRight into) {
        into.pack(true, shape.headDim(), count, x.array(), x.offset() + key(b, h) + from * keyStride(), keyStride());
    }

    /** The same as they lie. */
    void pack(FloatStorage x, int b, int h, int from, int count, PackedRight into) {
        into.pack(false, count, shape.headDim(), x.array(), x.offset() + key(b, h) + from * keyStride(), keyStride());
    }

    /** From row to row of a tile's scores: where they are few enough, as the register tiles want a left operand. */
    static int scoreStride(int keys) {
        return keys <= Tiles.DEPTH ? Tiles.ROW : keys;
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

    /** Adds the bias to the scores of n keys, of which the first one's stands at {@code distance}. */
    void biased(float[] scores, int at, int n, int distance) {
        if (bias != null) Runs.add(bias.array(), bias.offset() + distance, scores, at, n);
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
