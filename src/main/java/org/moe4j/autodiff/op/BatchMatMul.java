package org.moe4j.autodiff.op;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * y[i] = op(a[i]) · op(b[i]) for every i of the equal leading axes, with op(a) (..,m,k), op(b) (..,k,n), y (..,m,n); at most one
 * of the two is transposed, that is stored (..,k,m) or (..,n,k). Runs on the products of experts: i is the expert, and the rows of
 * a[i] are its tokens.
 */
public record BatchMatMul(Variable a, Variable b, boolean transposeA, boolean transposeB) implements Op {
    public BatchMatMul {
        Check.rankAtLeast("batchMatMul", "a", a, 2);
        Check.rank("batchMatMul", "b", b, a.shape().rank());
        int inner = a.shape().dim(transposeA ? -2 : -1);
        if (inner != b.shape().dim(transposeB ? -1 : -2) || !Arrays.equals(leading(a), leading(b))) {
            throw new IllegalArgumentException("batchMatMul: a is " + a.shape() + (transposeA ? " transposed" : "")
                    + ", b is " + b.shape() + (transposeB ? " transposed" : ""));
        }
        if (transposeA && transposeB) {
            throw new IllegalArgumentException("batchMatMul: only one side may be transposed; permute the other");
        }
    }

    @Override
    public List<Variable> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Shape> outputs() {
        int[] dims = a.shape().dims();
        dims[dims.length - 2] = m();
        dims[dims.length - 1] = n();
        return List.of(Shape.of(dims));
    }

    @Override
    public void forward(Backend on, Call call) {
        if (transposeA) {
            on.groupedGemmWeights(blocks(k()), m(), n(), a.data(), b.data(), call.y(), false);
        } else {
            on.groupedGemm(blocks(m()), transposeB, n(), k(), a.data(), b.data(), call.y(), false);
        }
    }

    @Override
    public void backward(Backend on, Call call) {
        if (a.wantsGrad()) {
            boolean add = a.addsToGrad();
            if (transposeA) {
                on.groupedGemm(blocks(k()), true, m(), n(), b.data(), call.dy(), a.dData(), add); // da += b · dyᵀ
            } else {
                on.groupedGemm(blocks(m()), !transposeB, k(), n(), call.dy(), b.data(), a.dData(), add); // da += dy · op(b)ᵀ
            }
        }
        if (b.wantsGrad()) {
            boolean add = b.addsToGrad();
            if (transposeA) {
                on.groupedGemm(blocks(k()), false, n(), m(), a.data(), call.dy(), b.dData(), add); // db += a · dy
            } else if (transposeB) {
                on.groupedGemmWeights(blocks(m()), n(), k(), call.dy(), a.data(), b.dData(), add); // db += dyᵀ · a
            } else {
                on.groupedGemmWeights(blocks(m()), k(), n(), a.data(), call.dy(), b.dData(), add); // db += aᵀ · dy
            }
        }
    }

    @Override
    public Cost cost() {
        long m = m();
        long n = n();
        long k = k();
        return new Cost(2 * batch() * m * n * k, Float.BYTES * batch() * (m * k + k * n + m * n));
    }

    private int m() {
        return a.shape().dim(transposeA ? -1 : -2);
    }

    private int n() {
        return b.shape().dim(transposeB ? -2 : -1);
    }

    private int k() {
        return a.shape().dim(transposeA ? -2 : -1);
    }

    private int batch() {
        return Math.toIntExact(Shape.of(leading(a)).size());
    }

    /** Where each block of {@code height} rows starts. */
    private IntStorage blocks(int height) {
        int[] starts = new int[batch() + 1];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = i * height;
        }
        return IntStorage.of(starts);
    }

    private static int[] leading(Variable x) {
        return Arrays.copyOf(x.shape().dims(), x.shape().rank() - 2);
    }
}
