package org.moe4j.autodiff.op;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Attention (Vaswani et al. 2017, section 3.2) with grouped queries: y[t,h] = sum over the keys s that t sees of
 * softmax_s(score[t,h,s]) v[s,g], query head h reading key/value head g = h / (H / KV), with the scores of {@link AttentionShape} plus
 * bias[h, s - t + Tq - 1]. q and y are (B,Tq,H·Dh), k and v (B,Tk,KV·Dh), the bias (H, distances) or null. The second output is the
 * log-sum-exp (B,H,Tq) of each row of scores.
 */
public record Attention(Variable q, Variable k, Variable v, Variable bias, AttentionShape shape) implements Op {
    public Attention {
        Check.equal("attention", "q", q, Shape.of(shape.batch(), shape.queries(), shape.heads() * shape.headDim()));
        Shape keys = Shape.of(shape.batch(), shape.keys(), shape.keyHeads() * shape.headDim());
        Check.equal("attention", "k", k, keys);
        Check.equal("attention", "v", v, keys);
        if (bias != null) {
            Check.equal("attention", "the bias", bias, Shape.of(shape.heads(), shape.distances()));
        }
    }

    @Override
    public List<Variable> inputs() {
        return Stream.of(q, k, v, bias).filter(Objects::nonNull).toList();
    }

    @Override
    public List<Shape> outputs() {
        return List.of(q.shape(), Shape.of(shape.batch(), shape.heads(), shape.queries()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.attention(shape, q.data(), k.data(), v.data(), bias == null ? null : bias.data(), call.y(), call.y(1));
    }

    @Override
    public void backward(Backend on, Call call) {
        on.attentionGrad(shape, q.data(), k.data(), v.data(), bias == null ? null : bias.data(), call.y(), call.y(1), call.dy(),
                gradient(call, q), gradient(call, k), gradient(call, v), Check.gradient(bias));
    }

    /** Two products over the pairs of positions that the mask leaves. */
    @Override
    public Cost cost() {
        long flops = 2 * 2 * shape.batch() * shape.heads() * shape.pairs() * shape.headDim();
        return new Cost(flops, Float.BYTES * (2 * q.shape().size() + k.shape().size() + v.shape().size()));
    }

    private static Storage gradient(Call call, Variable x) {
        return x.wantsGrad() ? x.dData() : call.scratch(x.shape().size());
    }
}
