package org.moe4j.autodiff.op;

import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;

/**
 * y = op(a) · op(b), with op(a) (m,k), op(b) (k,n), y (m,n); a transposed operand is stored (k,m) or (n,k). An a that is not
 * transposed may have more axes in front, which y keeps.
 */
public record MatMul(Variable a, Variable b, boolean transposeA, boolean transposeB) implements Op {
    public MatMul {
        if (transposeA) {
            Check.rank("matMul", "a transposed a", a, 2);
        }
        Check.rankAtLeast("matMul", "a", a, 2);
        Check.rank("matMul", "b", b, 2);
        int inner = transposeA ? a.shape().dim(0) : a.shape().columns();
        if (inner != b.shape().dim(transposeB ? 1 : 0)) {
            throw new IllegalArgumentException("matMul: a is " + a.shape() + (transposeA ? " transposed" : "")
                    + ", b is " + b.shape() + (transposeB ? " transposed" : ""));
        }
    }

    @Override
    public List<Variable> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Shape> outputs() {
        return List.of(transposeA ? Shape.of(m(), n()) : a.shape().withColumns(n()));
    }

    @Override
    public void forward(Backend on, Call call) {
        on.gemm(transposeA, transposeB, m(), n(), k(), a.data(), b.data(), call.y(), false);
    }

    @Override
    public void backward(Backend on, Call call) {
        if (a.wantsGrad()) {
            boolean add = a.addsToGrad();
            if (transposeA) {
                on.gemm(transposeB, true, k(), m(), n(), b.data(), call.dy(), a.dData(), add); // da += op(b) · dyᵀ
            } else {
                on.gemm(false, !transposeB, m(), k(), n(), call.dy(), b.data(), a.dData(), add); // da += dy · op(b)ᵀ
            }
        }
        if (b.wantsGrad()) {
            boolean add = b.addsToGrad();
            if (transposeB) {
                on.gemm(true, transposeA, n(), k(), m(), call.dy(), a.data(), b.dData(), add); // db += dyᵀ · op(a)
            } else {
                on.gemm(!transposeA, false, k(), n(), m(), a.data(), call.dy(), b.dData(), add); // db += op(a)ᵀ · dy
            }
        }
    }

    @Override
    public Cost cost() {
        long m = m();
        long n = n();
        long k = k();
        return new Cost(2 * m * n * k, Float.BYTES * (m * k + k * n + m * n));
    }

    private int m() {
        return transposeA ? a.shape().dim(1) : a.shape().rows();
    }

    private int n() {
        return b.shape().dim(transposeB ? 0 : 1);
    }

    private int k() {
        return b.shape().dim(transposeB ? 1 : 0);
    }
}
