package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.backend.AttentionShape;
import org.moe4j.tensor.Storage;

/** Causal attention (Vaswani et al. 2017, equation 1), one query at a time, and rotary positions (Su et al. 2021, section 3.2). */
final class Attention {
    private Attention() {}

    static void attention(AttentionShape a, Storage q, Storage k, Storage v, Storage y, Storage lse) {
        forEachQuery(a, (b, t, h, g) -> {
            double[] scores = new double[t + 1];
            double max = Double.NEGATIVE_INFINITY;
            for (int s = 0; s <= t; s++) {
                scores[s] = a.scale() * dot(a, q, query(a, b, t, h), k, key(a, b, s, g));
                max = Math.max(max, scores[s]);
            }
            double sum = 0;
            for (int s = 0; s <= t; s++) {
                sum += Math.exp(scores[s] - max);
            }
            double rowLse = max + Math.log(sum);
            for (int d = 0; d < a.headDim(); d++) {
                double mixed = 0;
                for (int s = 0; s <= t; s++) {
                    mixed += Math.exp(scores[s] - rowLse) * v.get(key(a, b, s, g) + d);
                }
                y.set(query(a, b, t, h) + d, mixed);
            }
            lse.set(row(a, b, t, h), rowLse);
        });
    }

    static void attentionGrad(AttentionShape a, Storage q, Storage k, Storage v, Storage y, Storage lse, Storage dy,
            Storage dq, Storage dk, Storage dv) {
        forEachQuery(a, (b, t, h, g) -> {
            long atQ = query(a, b, t, h);
            double expected = dot(a, dy, atQ, y, atQ);   // sum over s of p[s] dp[s], since y = sum over s of p[s] v[s]
            for (int s = 0; s <= t; s++) {
                long atK = key(a, b, s, g);
                double p = Math.exp(a.scale() * dot(a, q, atQ, k, atK) - lse.get(row(a, b, t, h)));
                double dp = dot(a, dy, atQ, v, atK);
                double dscore = p * (dp - expected);
                for (int d = 0; d < a.headDim(); d++) {
                    add(dq, atQ + d, a.scale() * dscore * k.get(atK + d));
                    add(dk, atK + d, a.scale() * dscore * q.get(atQ + d));
                    add(dv, atK + d, p * dy.get(atQ + d));
                }
            }
        });
    }

    static void rotary(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add) {
        int half = headDim / 2;
        for (long head = 0; head < (long) batch * time * heads; head++) {
            int position = first + (int) (head / heads % time);
            for (int i = 0; i < half; i++) {
                double angle = position * Math.pow(base, -2.0 * i / headDim);
                double cos = Math.cos(angle);
                double sin = inverse ? -Math.sin(angle) : Math.sin(angle);
                long atLow = head * headDim + i;
                long atHigh = atLow + half;
                double low = x.get(atLow) * cos - x.get(atHigh) * sin;
                double high = x.get(atHigh) * cos + x.get(atLow) * sin;
                y.set(atLow, add ? y.get(atLow) + low : low);
                y.set(atHigh, add ? y.get(atHigh) + high : high);
            }
        }
    }

    /** What is done for sequence b, position t, query head h and the key/value head g that it reads. */
    private interface Query {
        void visit(int b, int t, int h, int g);
    }

    private static void forEachQuery(AttentionShape a, Query query) {
        for (int b = 0; b < a.batch(); b++) {
            for (int t = 0; t < a.time(); t++) {
                for (int h = 0; h < a.heads(); h++) {
                    query.visit(b, t, h, h / (a.heads() / a.keyHeads()));
                }
            }
        }
    }

    private static long query(AttentionShape a, int b, int t, int h) {
        return (((long) b * a.time() + t) * a.heads() + h) * a.headDim();
    }

    private static long key(AttentionShape a, int b, int s, int g) {
        return (((long) b * a.time() + s) * a.keyHeads() + g) * a.headDim();
    }

    private static long row(AttentionShape a, int b, int t, int h) {
        return ((long) b * a.heads() + h) * a.time() + t;
    }

    private static double dot(AttentionShape a, Storage x, long atX, Storage y, long atY) {
        double sum = 0;
        for (int d = 0; d < a.headDim(); d++) {
            sum += x.get(atX + d) * y.get(atY + d);
        }
        return sum;
    }
}
