package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.backend.AttentionShape;
import org.moe4j.tensor.Storage;

/**
 * Attention (Vaswani et al. 2017, equation 1), one query at a time.
 *
 * @param bias of the scores by distance, or null
 */
record Attention(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias) {
    void forward(Storage y, Storage lse) {
        forEachQuery((b, t, h, g) -> {
            int visible = shape.visible(t);
            double[] scores = new double[visible];
            double max = Double.NEGATIVE_INFINITY;
            for (int s = 0; s < visible; s++) {
                scores[s] = capped(b, t, h, s, g) + bias(t, h, s);
                max = Math.max(max, scores[s]);
            }
            double sum = 0;
            for (int s = 0; s < visible; s++) {
                sum += Math.exp(scores[s] - max);
            }
            double rowLse = max + Math.log(sum);
            for (int d = 0; d < shape.headDim(); d++) {
                double mixed = 0;
                for (int s = 0; s < visible; s++) {
                    mixed += Math.exp(scores[s] - rowLse) * v.get(key(b, s, g) + d);
                }
                y.set(query(b, t, h) + d, mixed);
            }
            lse.set(row(b, t, h), rowLse);
        });
    }

    /** @param dbias to add to, or null */
    void backward(Storage y, Storage lse, Storage dy, Storage dq, Storage dk, Storage dv, Storage dbias) {
        forEachQuery((b, t, h, g) -> {
            long atQ = query(b, t, h);
            double expected = dot(dy, atQ, y, atQ);   // sum over s of p[s] dp[s], since y = sum over s of p[s] v[s]
            for (int s = 0; s < shape.visible(t); s++) {
                long atK = key(b, s, g);
                double capped = capped(b, t, h, s, g);
                double p = Math.exp(capped + bias(t, h, s) - lse.get(row(b, t, h)));
                double dscore = p * (dot(dy, atQ, v, atK) - expected);
                double dproduct = dscore * slope(capped) * shape.scale();
                for (int d = 0; d < shape.headDim(); d++) {
                    add(dq, atQ + d, dproduct * k.get(atK + d));
                    add(dk, atK + d, dproduct * q.get(atQ + d));
                    add(dv, atK + d, p * dy.get(atQ + d));
                }
                if (dbias != null) {
                    add(dbias, distance(t, h, s), dscore);
                }
            }
        });
    }

    /** The score without bias. */
    private double capped(int b, int t, int h, int s, int g) {
        double score = shape.scale() * dot(q, query(b, t, h), k, key(b, s, g));
        return shape.softCap() == 0 ? score : shape.softCap() * Math.tanh(score / shape.softCap());
    }

    /** The derivative of a capped score by the score before. */
    private double slope(double capped) {
        double tanh = shape.softCap() == 0 ? 0 : capped / shape.softCap();
        return 1 - tanh * tanh;
    }

    private double bias(int t, int h, int s) {
        return bias == null ? 0 : bias.get(distance(t, h, s));
    }

    private long distance(int t, int h, int s) {
        return (long) h * shape.distances() + shape.firstDistance(t) + s;
    }

    /** What is done for sequence b, position t, query head h and the key/value head g that it reads. */
    private interface Query {
        void visit(int b, int t, int h, int g);
    }

    private void forEachQuery(Query query) {
        for (int b = 0; b < shape.batch(); b++) {
            for (int t = 0; t < shape.queries(); t++) {
                for (int h = 0; h < shape.heads(); h++) {
                    query.visit(b, t, h, h / (shape.heads() / shape.keyHeads()));
                }
            }
        }
    }

    private long query(int b, int t, int h) {
        return (((long) b * shape.queries() + t) * shape.heads() + h) * shape.headDim();
    }

    private long key(int b, int s, int g) {
        return (((long) b * shape.keys() + s) * shape.keyHeads() + g) * shape.headDim();
    }

    private long row(int b, int t, int h) {
        return ((long) b * shape.heads() + h) * shape.queries() + t;
    }

    private double dot(Storage x, long atX, Storage y, long atY) {
        double sum = 0;
        for (int d = 0; d < shape.headDim(); d++) {
            sum += x.get(atX + d) * y.get(atY + d);
        }
        return sum;
    }
}
