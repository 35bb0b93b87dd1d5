package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.AttentionShape;

/**
 * Causal attention over tiles of {@link #TILE} queries: their scores against all keys before them are one matrix product into
 * scratch, the mix of values another. Only each row's log-sum-exp is kept; the gradient computes the scores again (Dao et al.
 * 2022, section 3.1, with whole rows of a tile instead of blocks of keys). Scratch a thread: 2 · TILE · T values.
 */
record Attention(AttentionShape shape, FloatStorage q, FloatStorage k, FloatStorage v, FloatStorage y, FloatStorage lse) {
    static final int TILE = 48; // a multiple of the 6 rows of the matrix product's register tile

    void forward(Team team) {
        int tiles = Sgemm.blocks(shape.time(), TILE);
        team.parallel(shape.batch() * shape.heads() * tiles, task -> {
            int tile = tiles - 1 - task % tiles; // the long ones first
            forward(task / tiles / shape.heads(), task / tiles % shape.heads(), tile * TILE);
        });
    }

    private void forward(int b, int h, int t0) {
        int rows = Math.min(TILE, shape.time() - t0);
        int keys = t0 + rows;
        int width = shape.headDim();
        float[] scores = Scratch.mine().scores(TILE * keys);
        int query = query(b, t0, h);
        int key = key(b, h / group());
        Sgemm.block(false, true, rows, keys, width, q.array(), q.offset() + query, queryStride(),
                k.array(), k.offset() + key, keyStride(), scores, 0, keys, false);
        float[] scale = new float[rows];
        for (int i = 0; i < rows; i++) {
            int n = t0 + i + 1;
            Runs.scale((float) shape.scale(), scores, i * keys, n);
            float most = Runs.max(scores, i * keys, n);
            Softmax.exps(scores, i * keys, 1, -most, scores, i * keys, n);
            float sum = (float) Runs.sum(scores, i * keys, n);
            Arrays.fill(scores, i * keys + n, (i + 1) * keys, 0);
            scale[i] = 1 / sum;
            lse.array()[lse.offset() + row(b, h, t0 + i)] = (float) (most + Math.log(sum));
        }
        Sgemm.block(false, false, rows, width, keys, scores, 0, keys, v.array(), v.offset() + key, keyStride(),
                y.array(), y.offset() + query, queryStride(), false);
        for (int i = 0; i < rows; i++) Runs.scale(scale[i], y.array(), y.offset() + query + i * queryStride(), width);
    }

    /** Adds to dq, dk and dv. One task a sequence and key/value head, which owns its part of all three. */
    void backward(Team team, FloatStorage dy, FloatStorage dq, FloatStorage dk, FloatStorage dv) {
        int heads = shape.keyHeads();
        team.parallel(shape.batch() * heads, task -> {
            int g = task % heads;
            for (int h = g * group(); h < (g + 1) * group(); h++) {
                for (int t0 = 0; t0 < shape.time(); t0 += TILE) backward(task / heads, h, t0, dy, dq, dk, dv);
            }
        });
    }

    private void backward(int b, int h, int t0, FloatStorage dy, FloatStorage dq, FloatStorage dk, FloatStorage dv) {
        int rows = Math.min(TILE, shape.time() - t0);
        int keys = t0 + rows;
        int width = shape.headDim();
        float[] p = Scratch.mine().scores(TILE * keys);
        float[] dp = Scratch.mine().scoreGrads(TILE * keys);
        int query = query(b, t0, h);
        int key = key(b, h / group());
        int qs = queryStride();
        int ks = keyStride();
        Sgemm.block(false, true, rows, keys, width, q.array(), q.offset() + query, qs, k.array(), k.offset() + key, ks, p, 0, keys, false);
        Sgemm.block(false, true, rows, keys, width, dy.array(), dy.offset() + query, qs, v.array(), v.offset() + key, ks, dp, 0, keys, false);
        for (int i = 0; i < rows; i++) {
            int at = query + i * qs;
            // sum over s of p dp, since y = sum over s of p v
            float expected = Runs.dot(dy.array(), dy.offset() + at, y.array(), y.offset() + at, width);
            scoreGrad(p, dp, i * keys, t0 + i + 1, (float) shape.scale(), lse.array()[lse.offset() + row(b, h, t0 + i)], expected);
            Arrays.fill(p, i * keys + t0 + i + 1, (i + 1) * keys, 0);
            Arrays.fill(dp, i * keys + t0 + i + 1, (i + 1) * keys, 0);
        }
        Sgemm.block(true, false, keys, width, rows, p, 0, keys, dy.array(), dy.offset() + query, qs, dv.array(), dv.offset() + key, ks, true);
        Sgemm.block(true, false, keys, width, rows, dp, 0, keys, q.array(), q.offset() + query, qs, dk.array(), dk.offset() + key, ks, true);
        Sgemm.block(false, false, rows, width, keys, dp, 0, keys, k.array(), k.offset() + key, ks, dq.array(), dq.offset() + query, qs, true);
    }

    /** p: dot products to probabilities; dp: gradients of probabilities to gradients of the dot products. */
    private static void scoreGrad(float[] p, float[] dp, int at, int n, float scale, float lse, float expected) {
        Softmax.exps(p, at, scale, -lse, p, at, n);
        FloatVector shift = broadcast(F, expected);
        FloatVector factor = broadcast(F, scale);
        int i = at;
        for (; i <= at + n - L; i += L) fromArray(F, dp, i).sub(shift).mul(fromArray(F, p, i)).mul(factor).intoArray(dp, i);
        for (; i < at + n; i++) dp[i] = (dp[i] - expected) * p[i] * scale;
    }

    /** Query heads that share a key/value head. */
    private int group() {
        return shape.heads() / shape.keyHeads();
    }

    private int queryStride() {
        return shape.heads() * shape.headDim();
    }

    private int keyStride() {
        return shape.keyHeads() * shape.headDim();
    }

    private int query(int b, int t, int h) {
        return (b * shape.time() + t) * queryStride() + h * shape.headDim();
    }

    private int key(int b, int g) {
        return b * shape.time() * keyStride() + g * shape.headDim();
    }

    private int row(int b, int h, int t) {
        return (b * shape.heads() + h) * shape.time() + t;
    }
}
