package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.AttentionShape;

/**
 * The gradients of an {@link Attention}: of {@link #TILE} keys at a time, against the queries that see them (Dao 2023, algorithm 2). Scores are computed
 * transposed, so that they lie as the products for dv and dk want their left operand, and only their gradients are turned for dq.
 *
 * <p>Where there are few sequences and heads, and long ones, the keys are cut into ranges, so that there are tasks for many threads: a
 * range owns its part of dk and dv and sums up one of dq. How many ranges there are depends on the shape alone, and their sums are added in
 * order: the same bits for any number of threads, in memory that grows with the length, not with its square.
 *
 * @param dbias to add to, or null
 */
record AttentionGrad(Attention a, FloatStorage dy, FloatStorage dq, FloatStorage dk, FloatStorage dv, FloatStorage dbias) {
    /** Keys of a tile: a multiple of every panel, and 4 + 6 i rows. */
    private static final int TILE = 64;
    /** Tasks up to which keys are cut. */
    private static final int TASKS = 16;
    private static final int MOST_RANGES = 8;
    /** Keys of a range at least: below, what each range does for every query again is no longer little beside its products. */
    private static final int LEAST_KEYS = Tiles.DEPTH;
    /** Values that the ranges' sums of dq may take, 256 MiB. */
    private static final int MOST_SUMS = 1 << 26;

    /**
     * A range of one sequence's keys, and where its sums go.
     *
     * @param sumsAt where dq begins in {@code sums}
     * @param first whether {@code sums} is dq itself, to add to
     * @param biasSumsAt where the gradient of this range's and sequence's biases begins, each head's in reversed order
     */
    private record Keys(int sequence, int from, int to, float[] sums, int sumsAt, boolean first, float[] biasSums, int biasSumsAt) {}

    /** Some queries of a head, at most {@link Tiles#DEPTH}, the first one at a multiple of it. */
    private record Queries(int head, int from, int to) {}

    /** One task a sequence, key/value head and range of keys. */
    void add(Team team) {
        AttentionShape shape = a.shape();
        int banks = shape.batch() * shape.keyHeads();
        int each = rangeSize(shape);
        int ranges = Math.max(1, Sgemm.blocks(shape.keys(), each));
        int biases = dbias == null ? 0 : shape.heads() * shape.distances();
        float[] biasSums = Scratch.mine().biasGrads(ranges * shape.batch() * biases);
        Arrays.fill(biasSums, 0, ranges * shape.batch() * biases, 0);
        float[] sums = Scratch.mine().queryGrads((ranges - 1) * dq.length());
        team.parallel(banks * ranges, task -> {
            int range = task / banks; // the first ones first, which under a causal mask have the most queries
            int b = task % banks / shape.keyHeads();
            int first = task % banks % shape.keyHeads() * a.group();
            Keys keys = new Keys(b, range * each, Math.min(shape.keys(), (range + 1) * each), range == 0 ? dq.array() : sums,
                    range == 0 ? dq.offset() : (range - 1) * dq.length(), range == 0, biasSums, (range * shape.batch() + b) * biases);
            range(keys, first);
        });
        if (ranges > 1) addSums(team, sums, ranges, each);
        if (dbias != null) addBiasSums(team, biasSums, ranges * shape.batch());
    }

    /** Keys of a range: all, or a multiple of the tile. */
    private static int rangeSize(AttentionShape shape) {
        long queryValues = (long) shape.batch() * shape.queries() * shape.heads() * shape.headDim();
        int banks = shape.batch() * shape.keyHeads();
        int wanted = Math.min(Sgemm.blocks(TASKS, Math.max(1, banks)), shape.keys() / LEAST_KEYS);
        int ranges = (int) Math.clamp(MOST_SUMS / Math.max(1, queryValues) + 1, 1, Math.clamp(wanted, 1, MOST_RANGES));
        return ranges == 1 ? Math.max(1, shape.keys()) : Sgemm.blocks(Sgemm.blocks(shape.keys(), ranges), TILE) * TILE;
    }

    /** The first query that sees a key of a range from there on. */
    private int firstQuery(int from) {
        return a.shape().causal() ? from : 0;
    }

    private void range(Keys range, int first) {
        AttentionShape shape = a.shape();
        int key = a.key(range.sequence, first) + range.from * a.keyStride();
        for (FloatStorage x : List.of(a.k(), a.v(), dk, dv)) a.touch(x, key, a.keyStride(), range.to - range.from);
        float[] scaled = a.scaledHead(a.k(), key, a.keyStride(), range.to - range.from);
        Scratch.mine().head(4).pack(false, range.to - range.from, shape.headDim(), scaled, 0, shape.headDim());
        for (int h = first; h < first + a.group(); h++) {
            if (a.bias() != null) reverse(a.bias().array(), a.bias().offset() + h * shape.distances(), reversedBias(), shape.distances());
            for (int t0 = firstQuery(range.from) / Tiles.DEPTH * Tiles.DEPTH; t0 < shape.queries(); t0 += Tiles.DEPTH) {
                Queries queries = new Queries(h, t0, Math.min(shape.queries(), t0 + Tiles.DEPTH));
                pack(range, queries);
                boolean finite = finite(range, queries, t0, queries.to - t0);
                for (int s0 = range.from; s0 < range.to && firstQuery(s0) < queries.to; s0 += TILE) {
                    tile(range, queries, s0, Math.min(TILE, range.to - s0), finite);
                }
            }
        }
    }

    private float[] reversedBias() {
        return Scratch.mine().reversed(a.shape().distances());
    }

    private static void reverse(float[] x, int at, float[] y, int n) {
        for (int i = 0; i < n; i++) y[i] = x[at + n - 1 - i];
    }

    /** The queries times the scale and the gradients dy, both ways; and of each query its log-sum-exp and the sum over the keys s of p dp. */
    private void pack(Keys range, Queries queries) {
        int width = a.shape().headDim();
        int stride = a.queryStride();
        int count = queries.to - queries.from;
        int query = a.query(range.sequence, queries.from, queries.head);
        Scratch scratch = Scratch.mine();
        for (FloatStorage x : List.of(a.q(), dy, a.y(), dq)) a.touch(x, query, stride, count);
        float[] scaled = a.scaledHead(a.q(), query, stride, count);
        scratch.head(0).pack(true, width, count, scaled, 0, width);
        scratch.head(1).pack(true, width, count, dy.array(), dy.offset() + query, stride);
        scratch.head(2).pack(false, count, width, scaled, 0, width);
        scratch.head(3).pack(false, count, width, dy.array(), dy.offset() + query, stride);
        System.arraycopy(a.lse().array(), a.lse().offset() + a.row(range.sequence, queries.head, queries.from), scratch.block(2), 0, count);
        float[] expected = scratch.block(3);
        for (int t = 0; t < count; t++, query += stride) { // sum over s of p dp = y · dy, since y = sum over s of p v
            expected[t] = Runs.dot(dy.array(), dy.offset() + query, a.y().array(), a.y().offset() + query, width);
        }
    }

    /** Whether all is finite that the keys from {@code t0} on, {@code count} of them, would pass on from or to queries among those that mustn't see them. */
    private boolean finite(Keys range, Queries queries, int t0, int count) {
        if (!a.hidesSome(count)) return true;
        int query = a.query(range.sequence, t0, queries.head);
        return a.finite(dy, query, a.queryStride(), count) && a.finite(a.q(), query, a.queryStride(), count)
                && a.finite(a.k(), a.key(range.sequence, queries.head) + t0 * a.keyStride(), a.keyStride(), count);
    }

    /** Keys s0 and on against those of the queries that see them. */
    private void tile(Keys range, Queries queries, int s0, int keys, boolean finite) {
        int t0 = Math.max(queries.from, firstQuery(s0));
        boolean hides = a.shape().causal() && s0 >= queries.from;
        if (!hides || finite || finite(range, queries, s0, keys)) {
            tile(range, queries, s0, keys, t0, queries.to, hides);
            return;
        }
        for (int i = 0; i < keys; i++) tile(range, queries, s0, i + 1, t0 + i, t0 + i + 1, false);
        tile(range, queries, s0, keys, t0 + keys, queries.to, false);
    }

    /**
     * Keys s0 and on against queries from t0 to t1. Scores are transposed, as keys are the rows of the register tiles.
     *
     * @param causal whether key s0 + i is seen from query t0 + i on only
     */
    private void tile(Keys range, Queries queries, int s0, int keys, int t0, int t1, boolean causal) {
        if (t0 == t1) return;
        Scratch scratch = Scratch.mine();
        int base = t0 / Tiles.PANEL * Tiles.PANEL;
        int first = base - queries.from;
        int n = t1 - base;
        Band seen = new Band(t0 - base, causal ? 1 : 0, n, 0, n);
        int ks = a.keyStride();
        int key = a.key(range.sequence, queries.head) + s0 * ks;
        float[] p = scratch.scores((TILE + 6) * Tiles.ROW);
        float[] dp = scratch.scoreGrads((TILE + 6) * Tiles.ROW);
        scratch.head(0).columns(keys, seen, a.k().array(), a.k().offset() + key, ks, first, p, 0);
        scratch.head(1).columns(keys, seen, a.v().array(), a.v().offset() + key, ks, first, dp, 0);
        for (int i = 0; i < keys; i++) {
            int at = i * Tiles.ROW;
            int from = seen.from(i);
            int whole = Math.max(0, from - 5) / L * L; // the other rows of a register tile may see 5 more
            int distance = a.shape().distances() - a.shape().queries() + base + from - s0 - i;
            if (!a.isPlain()) bend(p, at + from, n - from, distance);
            Scores.exponents(p, at, whole, from, n, scratch.block(2), first);
            VectorMath.exp(p, at + whole, 1, 0, p, at + whole, Sgemm.blocks(n - whole, L) * L);
            Scores.gradients(p, dp, at, whole, from, n, scratch.block(3), first);
            if (dbias != null) Runs.add(dp, at + from, range.biasSums, range.biasSumsAt + queries.head * a.shape().distances() + distance, n - from);
            if (a.shape().softCap() != 0) Runs.multiply(scratch.scoreSlopes(0), 0, dp, at + from, n - from);
        }
        scratch.head(3).rows(keys, seen, first, p, 0, dv.array(), dv.offset() + key, ks, true);
        scratch.head(2).rows(keys, seen, first, dp, 0, dk.array(), dk.offset() + key, ks, true);
        addQueryGrads(range, s0, keys, seen, dp, range.sumsAt + a.query(range.sequence, t0, queries.head));
    }

    /** dq += dsᵀ · k, some queries at a time, the first of them at {@code query}. */
    private void addQueryGrads(Keys range, int s0, int keys, Band seen, float[] ds, int query) {
        float[] rows = Scratch.mine().gradRows((Attention.TILE + 6) * Tiles.ROW);
        for (int c = seen.from(); c < seen.most(); c += Attention.TILE) {
            int count = Math.min(Attention.TILE, seen.most() - c);
            Pack.transpose(keys, count, ds, c, Tiles.ROW, rows, 0, Tiles.ROW);
            Band keysSeen = seen.fromSteps() == 0 ? Band.whole(keys) : new Band(0, 0, c - seen.from() + 1, 1, keys);
            Scratch.mine().head(4).rows(count, keysSeen, s0 - range.from, rows, 0, range.sums, query + (c - seen.from()) * a.queryStride(), a.queryStride(),
                    range.first || s0 > range.from);
        }
    }

    /** Of n scores of one key the cap, whose slopes are kept, and the bias, of which the first one stands at {@code distance} in reversed order. */
    private void bend(float[] scores, int at, int n, int distance) {
        a.capped(scores, at, n);
        float cap = (float) a.shape().softCap();
        if (cap != 0) slopes(scores, at, n, cap, Scratch.mine().scoreSlopes(n));
        if (a.bias() != null) Runs.add(reversedBias(), distance, scores, at, n);
    }

    private void addSums(Team team, float[] sums, int ranges, int each) {
        AttentionShape shape = a.shape();
        team.rows(shape.batch() * shape.queries(), a.queryStride(), row -> {
            int t = row % shape.queries();
            for (int range = 1; range < ranges && firstQuery(range * each) <= t; range++) {
                Runs.add(sums, (range - 1) * dq.length() + row * a.queryStride(), dq.array(), dq.offset() + row * a.queryStride(), a.queryStride());
            }
        });
    }

    private void addBiasSums(Team team, float[] sums, int parts) {
        int distances = a.shape().distances();
        int biases = a.shape().heads() * distances;
        team.rows(a.shape().heads(), distances, h -> {
            for (int part = 0; part < parts; part++) {
                int last = part * biases + (h + 1) * distances - 1;
                for (int d = 0; d < distances; d++) dbias.array()[dbias.offset() + h * distances + d] += sums[last - d];
            }
        });
    }

    /** 1 - (score / cap)² for n capped scores. */
    private static void slopes(float[] scores, int at, int n, float cap, float[] slopes) {
        FloatVector one = broadcast(F, 1);
        FloatVector factor = broadcast(F, -1 / cap / cap);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector score = fromArray(F, scores, at + i);
            score.mul(score).fma(factor, one).intoArray(slopes, i);
        }
        for (; i < n; i++) slopes[i] = 1 - scores[at + i] * scores[at + i] / cap / cap;
    }
}
