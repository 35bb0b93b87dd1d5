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
 * @param dbias to add to, or null
 */
record AttentionGrad(Attention a, FloatStorage dy, FloatStorage dq, FloatStorage dk, FloatStorage dv, FloatStorage dbias) {
    /** One task a sequence and key/value head, which owns its part of dq, dk and dv; that of the bias is summed over sequences after. */
    void add(Team team) {
        AttentionShape shape = a.shape();
        int heads = shape.keyHeads();
        int distances = shape.distances();
        int biases = dbias == null ? 0 : shape.heads() * distances;
        float[] partial = Scratch.mine().biasGrads(shape.batch() * biases);
        Arrays.fill(partial, 0, shape.batch() * biases, 0);
        team.parallel(shape.batch() * heads, task -> {
            int b = task / heads;
            int first = task % heads * a.group();
            a.packTransposed(a.k(), b, first, Scratch.mine().head(0));
            a.packTransposed(a.v(), b, first, Scratch.mine().head(1));
            a.pack(a.k(), b, first, Scratch.mine().head(2));
            for (int h = first; h < first + a.group(); h++) {
                for (int t0 = 0; t0 < shape.queries(); t0 += Attention.TILE) {
                    tile(b, h, t0, Math.min(Attention.TILE, shape.queries() - t0), partial, b * biases);
                }
            }
        });
        if (dbias == null) return;
        team.rows(shape.heads(), distances, h -> {
            for (int b = 0; b < shape.batch(); b++) {
                Runs.add(partial, b * biases + h * distances, dbias.array(), dbias.offset() + h * distances, distances);
            }
        });
    }

    private void tile(int b, int h, int t0, int rows, float[] dbiases, int sequence) {
        int width = a.shape().headDim();
        int query = a.query(b, t0, h);
        int key = a.key(b, h);
        int qs = a.queryStride();
        int ks = a.keyStride();
        boolean finite = !a.hidesSome(rows)
                || a.finite(dy, query, qs, rows) && a.finite(a.q(), query, qs, rows) && a.finite(a.k(), key + t0 * ks, ks, rows);
        if (!finite) {
            for (int i = 0; i < rows; i++) tile(b, h, t0 + i, 1, dbiases, sequence);
            return;
        }
        int keys = a.shape().visible(t0 + rows - 1);
        int stride = Attention.scoreStride(keys);
        Scratch scratch = Scratch.mine();
        float[] p = scratch.scores((Attention.TILE + 6) * stride);
        float[] dp = scratch.scoreGrads((Attention.TILE + 6) * stride);
        float[] dys = dy.array();
        scratch.head(0).multiply(rows, keys, width, a.q().array(), a.q().offset() + query, qs, false, p, 0, stride, false);
        scratch.head(1).multiply(rows, keys, width, dys, dy.offset() + query, qs, false, dp, 0, stride, false);
        for (int i = 0; i < rows; i++) {
            int at = query + i * qs;
            int n = a.shape().visible(t0 + i);
            // sum over s of p dp, since y = sum over s of p v
            float expected = Runs.dot(dys, dy.offset() + at, a.y().array(), a.y().offset() + at, width);
            float lse = a.lse().array()[a.lse().offset() + a.row(b, h, t0 + i)];
            if (a.isPlain()) scoreGrads(p, dp, i * stride, n, (float) a.shape().scale(), lse, expected);
            else bentScoreGrads(p, dp, i * stride, n, h, t0 + i, lse, expected, dbiases, sequence);
            Arrays.fill(p, i * stride + n, i * stride + keys, 0);
            Arrays.fill(dp, i * stride + n, i * stride + keys, 0);
        }
        Sgemm.block(true, false, keys, width, rows, p, 0, stride, dys, dy.offset() + query, qs, dv.array(), dv.offset() + key, ks, true);
        Sgemm.block(true, false, keys, width, rows, dp, 0, stride, a.q().array(), a.q().offset() + query, qs, dk.array(), dk.offset() + key, ks, true);
        scratch.head(2).multiply(rows, width, keys, dp, 0, stride, stride == Tiles.ROW, dq.array(), dq.offset() + query, qs, true);
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

    /** The same where there is a cap or a bias. */
    private void bentScoreGrads(float[] p, float[] dp, int at, int n, int h, int t, float lse, float expected, float[] dbiases, int sequence) {
        a.capped(p, at, n);
        float cap = (float) a.shape().softCap();
        float[] slopes = Scratch.mine().scoreSlopes(cap == 0 ? 0 : n);
        if (cap != 0) slopes(p, at, n, cap, slopes);
        a.biased(p, at, n, h, t);
        scoreGrads(p, dp, at, n, 1, lse, expected);
        if (dbias != null) Runs.add(dp, at, dbiases, sequence + a.distance(h, t), n);
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
