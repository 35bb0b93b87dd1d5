package org.moe4j.bench;

import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/** Causal self-attention of all heads: forward, or (pass=gradient) forward and the gradients of queries, keys and values. */
final class AttentionWork implements Work {
    private final Backend on;
    private final AttentionShape shape;
    private final boolean gradient;
    private final Storage q;
    private final Storage k;
    private final Storage v;
    private final Storage y;
    private final Storage lse;
    private final Storage dy;
    private final Storage dq;
    private final Storage dk;
    private final Storage dv;

    AttentionWork(Size size, Backend on) {
        this.on = on;
        int batch = size.number("batch");
        int time = size.number("time");
        int heads = size.number("heads");
        int dim = size.number("dim");
        shape = new AttentionShape(batch, time, heads, heads, dim, 1 / Math.sqrt(dim));
        gradient = size.word("pass").equals("gradient");
        long n = (long) batch * time * heads * dim;
        q = Numbers.normals(on, n, "q");
        k = Numbers.normals(on, n, "k");
        v = Numbers.normals(on, n, "v");
        dy = Numbers.normals(on, n, "dy");
        y = on.allocate(n);
        lse = on.allocate((long) batch * heads * time);
        dq = on.allocate(n);
        dk = on.allocate(n);
        dv = on.allocate(n);
    }

    @Override
    public Object run() {
        on.attention(shape, q, k, v, null, y, lse);
        if (gradient) {
            on.fill(dq, 0);
            on.fill(dk, 0);
            on.fill(dv, 0);
            on.attentionGrad(shape, q, k, v, null, y, lse, dy, dq, dk, dv, null);
        }
        return gradient ? dq : y;
    }

    /** Two products over the pairs that are seen; the gradient has five, one of them the scores again. */
    @Override
    public Demand demand() {
        double product = 2.0 * shape.batch() * shape.heads() * shape.headDim() * shape.pairs();
        return Demand.flops(product * (gradient ? 7 : 2));
    }
}
