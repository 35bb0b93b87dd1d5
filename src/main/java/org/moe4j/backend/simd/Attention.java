package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import org.moe4j.backend.AttentionShape;

/**
 * Attention over tiles of {@link #TILE} queries: their scores against all keys that any of them sees are one matrix product into
 * scratch, the mix of values another; of both, the register tiles leave out what none of their rows sees. Only each row's log-sum-exp is kept;
 * the gradient computes the scores again (Dao et al. 2022, section 3.1, with whole rows of a tile instead of blocks of keys). Scratch a thread:
 * TILE · Tk values, and three times the keys of a head.
 *
 * @param bias of the scores by distance, or null
 */
record Attention(AttentionShape shape, FloatStorage q, FloatStorage k, FloatStorage v, FloatStorage bias, FloatStorage y, FloatStorage lse) {
    static final int TILE = 48; // a multiple of the 6 rows of the matrix product's register tile
    /** Scores of a tile against {@link Tiles#DEPTH} keys, as the register tiles want a left operand. */
    private static final int CHUNK = (TILE + 6) * Tiles.ROW;
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
            touch(q, query(b, 0, h), queryStride(), shape.queries());
            touch(k, key(b, h), keyStride(), shape.keys());
            touch(v, key(b, h), keyStride(), shape.keys());
            touch(y, query(b, 0, h), queryStride(), shape.queries());
            float[] scaled = scaledHead(k, key(b, h), keyStride(), shape.keys());
            Scratch.mine().head(0).pack(true, shape.headDim(), shape.keys(), scaled, 0, shape.headDim());
            Scratch.mine().head(1).pack(false, shape.keys(), shape.headDim(), v.array(), v.offset() + key(b, h), keyStride());
            boolean finite = finite(v, key(b, h), keyStride(), shape.keys());
            for (int tile = cut; tile < tiles; tile += cuts) {
                forward(b, h, tile * TILE, Math.min(TILE, shape.queries() - tile * TILE), finite);
            }
        });
    }

    private void forward(int b, int h, int t0, int rows, boolean finite) {
        if (!finite && hidesSome(rows) && !finite(v, key(b, h) + t0 * keyStride(), keyStride(), rows)) {
            for (int i = 0; i < rows; i++) forward(b, h, t0 + i, 1, true);
            return;
        }
        int keys = shape.visible(t0 + rows - 1);
        int width = shape.headDim();
        int chunks = Sgemm.blocks(keys, Tiles.DEPTH);
        int query = q.offset() + query(b, t0, h);
        int to = y.offset() + query(b, t0, h);
        Scratch scratch = Scratch.mine();
        float[] scores = scratch.scores(chunks * CHUNK);
        for (int c = 0; c < chunks; c++) {
            scratch.head(0).columns(rows, seen(t0, rows, c), q.array(), query, queryStride(), c * Tiles.DEPTH, scores, c * CHUNK);
        }
        float[] sums = scratch.block(3);
        float[] logs = scratch.block(5);
        for (int i = 0; i < rows; i++) {
            if (!isPlain()) bend(scores, i, h, t0 + i);
            float most = Float.NEGATIVE_INFINITY;
            for (int c = 0; c < chunks; c++) {
                int n = seen(t0 + i, c);
                Scores.hideBehind(scores, c * CHUNK + i * Tiles.ROW, n);
                most = Math.max(most, Scores.max(scores, c * CHUNK + i * Tiles.ROW, n));
            }
            double sum = 0;
            for (int c = 0; c < chunks; c++) sum += Scores.exps(scores, c * CHUNK + i * Tiles.ROW, seen(t0 + i, c), most, 5); // 5 rows of a register tile see more
            sums[i] = (float) sum;
            lse.array()[lse.offset() + row(b, h, t0 + i)] = most;
        }
        VectorMath.log(sums, 0, logs, 0, Sgemm.blocks(rows, L) * L);
        Runs.add(logs, 0, lse.array(), lse.offset() + row(b, h, t0), rows);
        for (int c = 0; c < chunks; c++) {
            scratch.head(1).rows(rows, seen(t0, rows, c), c * Tiles.DEPTH, scores, c * CHUNK, y.array(), to, queryStride(), c > 0);
        }
        for (int i = 0; i < rows; i++) {
            if (keys == 0) Arrays.fill(y.array(), to + i * queryStride(), to + i * queryStride() + width, 0);
            else Runs.scale(1 / sums[i], y.array(), to + i * queryStride(), width);
        }
    }

    /** What a tile sees of the c-th {@link Tiles#DEPTH} keys. */
    private Band seen(int t0, int rows, int c) {
        int most = seen(t0 + rows - 1, c);
        return shape.causal() ? new Band(0, 0, shape.visible(t0) - c * Tiles.DEPTH, 1, most) : Band.whole(most);
    }

    /** How many of them the query at position t sees. */
    private int seen(int t, int c) {
        return Math.clamp(shape.visible(t) - c * Tiles.DEPTH, 0, Tiles.DEPTH);
    }

    /** The cap and the bias of the scores of row i, the query at position t. */
    private void bend(float[] scores, int i, int h, int t) {
        for (int c = 0, n; (n = seen(t, c)) > 0; c++) {
            capped(scores, c * CHUNK + i * Tiles.ROW, n);
            if (bias != null) Runs.add(bias.array(), bias.offset() + h * shape.distances() + shape.firstDistance(t) + c * Tiles.DEPTH, scores, c * CHUNK + i * Tiles.ROW, n);
        }
    }

    /** Dot products, times the scale, to scores, if there is a cap. */
    void capped(float[] scores, int at, int n) {
        float cap = (float) shape.softCap();
        if (cap == 0) return;
        Runs.scale(1 / cap, scores, at, n);
        Softmax.tanhs(scores, at, n);
        Runs.scale(cap, scores, at, n);
    }

    /** A head's queries or keys times the scale, so that nothing need scale their products; as they lie, but one row after the other. */
    float[] scaledHead(FloatStorage x, int at, int stride, int rows) {
        float[] scaled = Scratch.mine().scaled(rows * shape.headDim());
        for (int i = 0; i < rows; i++) Runs.product((float) shape.scale(), x.array(), x.offset() + at + i * stride, scaled, i * shape.headDim(), shape.headDim());
        return scaled;
    }

    /** Fetches rows of a head, which are short and far apart: many at a time, not each when a kernel comes to it. */
    void touch(FloatStorage x, int at, int stride, int rows) {
        Scratch.mine().touched += Pack.touch(rows, shape.headDim(), x.array(), x.offset() + at, stride);
    }

    /** Whether scores are dot products times a factor. */
    boolean isPlain() {
        return bias == null && shape.softCap() == 0;
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
        return Runs.finite(x.array(), x.offset() + at, rows, shape.headDim(), stride);
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
}
