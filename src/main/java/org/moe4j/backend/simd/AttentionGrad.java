package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.AttentionShape;

/**
 * The gradients of an {@link Attention}, tile by tile as it.
 *
 * <p>Where there are few sequences and heads, and long ones, the keys are cut into ranges, so that there are tasks for many threads: a
 * range owns its part of dk and dv and sums up one of dq. How many ranges there are depends on the shape alone, and their sums are added in
 * order: the same bits for any number of threads, in memory that grows with the length, not with its square.
 *
 * @param dbias to add to, or null
 */
record AttentionGrad(Attention a, FloatStorage dy, FloatStorage dq, FloatStorage dk, FloatStorage dv, FloatStorage dbias) {
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
     * @param biasSumsAt where the gradient of this range's and sequence's biases begins
     */
    private record Keys(int sequence, int from, int to, float[] sums, int sumsAt, boolean first, float[] biasSums, int biasSumsAt) {}

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
        return ranges == 1 ? Math.max(1, shape.keys()) : Sgemm.blocks(Sgemm.blocks(shape.keys(), ranges), Attention.TILE) * Attention.TILE;
    }

    /** The first query that sees a key of a range from there on. */
    private int firstQuery(int from) {
        return a.shape().causal() ? from : 0;
    }

    private void range(Keys keys, int first) {
        AttentionShape shape = a.shape();
        int count = keys.to - keys.from;
        a.packTransposed(a.k(), keys.sequence, first, keys.from, count, Scratch.mine().head(0));
        a.packTransposed(a.v(), keys.sequence, first, keys.from, count, Scratch.mine().head(1));
        a.pack(a.k(), keys.sequence, first, keys.from, count, Scratch.mine().head(2));
        for (int h = first; h < first + a.group(); h++) {
            for (int t0 = firstQuery(keys.from); t0 < shape.queries(); t0 += Attention.TILE) {
                tile(keys, h, t0, Math.min(Attention.TILE, shape.queries() - t0));
            }
        }
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
                Runs.add(sums, part * biases + h * distances, dbias.array(), dbias.offset() + h * distances, distances);
            }
        });
    }

    private void tile(Keys range, int h, int t0, int rows) {
        int width = a.shape().headDim();
        int query = a.query(range.sequence, t0, h);
        int key = a.key(range.sequence, h);
        int qs = a.queryStride();
        int ks = a.keyStride();
        boolean finite = !a.hidesSome(rows) || t0 >= range.to
                || a.finite(dy, query, qs, rows) && a.finite(a.q(), query, qs, rows) && a.finite(a.k(), key + t0 * ks, ks, rows);
        if (!finite) {
            for (int i = 0; i < rows; i++) tile(range, h, t0 + i, 1);
            return;
        }
        int keys = visible(range, t0 + rows - 1);
        int stride = Attention.scoreStride(keys);
        Scratch scratch = Scratch.mine();
        float[] p = scratch.scores((Attention.TILE + 6) * stride);
        float[] dp = scratch.scoreGrads((Attention.TILE + 6) * stride);
        float[] dys = dy.array();
        scratch.head(0).multiply(rows, keys, width, a.q().array(), a.q().offset() + query, qs, false, p, 0, stride, false);
        scratch.head(1).multiply(rows, keys, width, dys, dy.offset() + query, qs, false, dp, 0, stride, false);
        for (int i = 0; i < rows; i++) {
            int at = query + i * qs;
            int n = visible(range, t0 + i);
            // sum over s of p dp, since y = sum over s of p v
            float expected = Runs.dot(dys, dy.offset() + at, a.y().array(), a.y().offset() + at, width);
            float lse = a.lse().array()[a.lse().offset() + a.row(range.sequence, h, t0 + i)];
            if (a.isPlain()) scoreGrads(p, dp, i * stride, n, (float) a.shape().scale(), lse, expected);
            else bentScoreGrads(p, dp, i * stride, n, a.distance(h, t0 + i) + range.from, lse, expected, range);
            Arrays.fill(p, i * stride + n, i * stride + keys, 0);
            Arrays.fill(dp, i * stride + n, i * stride + keys, 0);
        }
        key += range.from * ks;
        Sgemm.block(true, false, keys, width, rows, p, 0, stride, dys, dy.offset() + query, qs, dv.array(), dv.offset() + key, ks, true, TaskEpilogue.NONE);
        Sgemm.block(true, false, keys, width, rows, dp, 0, stride, a.q().array(), a.q().offset() + query, qs, dk.array(), dk.offset() + key, ks, true, TaskEpilogue.NONE);
        scratch.head(2).multiply(rows, width, keys, dp, 0, stride, stride == Tiles.ROW, range.sums, range.sumsAt + query, qs, range.first);
    }

    /** How many keys of the range the query at position t sees. */
    private int visible(Keys range, int t) {
        return Math.clamp(a.shape().visible(t) - range.from, 0, range.to - range.from);
    }

    /** p: dot products to probabilities; dp: gradients of probabilities to gradients of the dot products. */
    private static void scoreGrads(float[] p, float[] dp, int at, int n, float scale, float lse, float expected) {
        Softmax.exps(p, at, scale, -lse, p, at, n);
        FloatVector shift = broadcast(F, expected);
        FloatVector factor = broadcast(F, scale);
        int i = at;
        for (; i <= at + n - L; i += L) fromArray(F, dp, i).sub(shift).mul(fromArray(F, p, i)).mul(factor).intoArray(dp, i);
        for (; i < at + n; i++) dp[i] = (dp[i] - expected) * p[i] * scale;
    }

    /** The same where there is a cap or a bias, which for the first key stands at {@code distance}. */
    private void bentScoreGrads(float[] p, float[] dp, int at, int n, int distance, float lse, float expected, Keys range) {
        a.capped(p, at, n);
        float cap = (float) a.shape().softCap();
        float[] slopes = Scratch.mine().scoreSlopes(cap == 0 ? 0 : n);
        if (cap != 0) slopes(p, at, n, cap, slopes);
        a.biased(p, at, n, distance);
        scoreGrads(p, dp, at, n, 1, lse, expected);
        if (dbias != null) Runs.add(dp, at, range.biasSums, range.biasSumsAt + distance, n);
        if (cap != 0) Runs.multiply(slopes, 0, dp, at, n);
        Runs.scale((float) a.shape().scale(), dp, at, n);
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
