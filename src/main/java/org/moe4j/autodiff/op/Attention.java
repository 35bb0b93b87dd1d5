package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Causal attention (Vaswani et al. 2017, section 3.2) with grouped queries: y[t,h] = sum over s ≤ t of softmax_s(scale q[t,h]·k[s,g]) v[s,g],
 * query head h reading key/value head g = h / (H / KV). q and y are (B,T,H·Dh), k and v (B,T,KV·Dh). The second output is the
 * log-sum-exp (B,H,T) of each row of scores.
 */
public record Attention(Variable q, Variable k, Variable v, AttentionShape shape) implements Op {
    public Attention {
        Check.equal("attention", "q", q, Shape.of(shape.batch(), shape.time(), shape.heads() * shape.headDim()));
        Shape keys = Shape.of(shape.batch(), shape.time(), shape.keyHeads() * shape.headDim());
        Check.equal("attention", "k", k, keys);
        Check.equal("attention", "v", v, keys);
    }

    @Override
    public List<Variable> inputs() {
        return List.of(q, k, v);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(q.shape(), Shape.of(shape.batch(), shape.heads(), shape.time()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.attention(shape, q.data(), k.data(), v.data(), call.y(), call.y(1));
    }

    @Override
    public void backward(Backend on, Call call) {
        on.attentionGrad(shape, q.data(), k.data(), v.data(), call.y(), call.y(1), call.dy(),
                gradient(call, q), gradient(call, k), gradient(call, v));
    }

    /** Two products over the T (T + 1) / 2 pairs of positions that the mask leaves. */
    @Override
    public Cost cost() {
        long pairs = (long) shape.time() * (shape.time() + 1) / 2;
        long flops = 2 * 2 * shape.batch() * shape.heads() * pairs * shape.headDim();
        return new Cost(flops, Float.BYTES * (2 * q.shape().size() + k.shape().size() + v.shape().size()));
    }

    private static Storage gradient(Call call, Variable x) {
        return x.wantsGrad() ? x.dData() : call.scratch(x.shape().size());
    }
}
