package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/** Products of matrices. */
public interface MatrixOperations extends Recorder {
    /** y = x wᵀ + b with w (out,in); b may be null. */
    default Variable linear(Variable x, Variable w, Variable b) {
        return run(new Linear(x, w, b));
    }

    /** Two layers, y = f(x inᵀ + inBias) outᵀ + outBias, with in (F,D) and out (O,F), where O is mostly D; biases may be null. */
    default Variable mlp(Variable x, Variable in, Variable inBias, Unary f, Variable out, Variable outBias) {
        return run(new Mlp(x, in, inBias, null, null, f, out, outBias, null));
    }

    /** The same for each expert e over its rows starts[e] .. starts[e+1] of x (R,D): in (E,F,D), out (E,O,F). */
    default Variable groupedMlp(Variable x, Variable in, Variable inBias, Unary f, Variable out, Variable outBias, IntStorage starts) {
        return run(new Mlp(x, in, inBias, null, null, f, out, outBias, starts));
    }

    /** A gated block, y = (f(x gateᵀ + gateBias) · (x inᵀ + inBias)) outᵀ + outBias, with in and gate (F,D) and out (O,F); biases may be null. */
    default Variable gatedMlp(Variable x, Variable in, Variable inBias, Variable gate, Variable gateBias, Unary f, Variable out, Variable outBias) {
        return run(new Mlp(x, in, inBias, gate, gateBias, f, out, outBias, null));
    }

    /** The same for each expert e over its rows starts[e] .. starts[e+1] of x (R,D): in and gate (E,F,D), out (E,O,F). */
    default Variable groupedGatedMlp(Variable x, Variable in, Variable inBias, Variable gate, Variable gateBias, Unary f, Variable out, Variable outBias,
            IntStorage starts) {
        return run(new Mlp(x, in, inBias, gate, gateBias, f, out, outBias, starts));
    }

    /** a · b: a (..,m,k) by one matrix b (k,n), or by as many as a has, b (..,k,n). */
    default Variable matMul(Variable a, Variable b) {
        return matMul(a, b, false, false);
    }

    /** op(a) · op(b), a transposed operand being stored (..,k,m) or (..,n,k). */
    default Variable matMul(Variable a, Variable b, boolean transposeA, boolean transposeB) {
        return b.shape().rank() == 2 ? run(new MatMul(a, b, transposeA, transposeB)) : run(new BatchMatMul(a, b, transposeA, transposeB));
    }

    /** a (m) by b (n): every product, (m,n). */
    default Variable outer(Variable a, Variable b) {
        Variable column = run(new Reshape(a, Shape.of(a.shape().columns(), 1)));
        return matMul(column, run(new Reshape(b, Shape.of(1, b.shape().columns()))));
    }

    /** One linear layer for each expert e over its rows starts[e] .. starts[e+1] of x (R,in): w (E,out,in), b (E,out) or null. */
    default Variable groupedLinear(Variable x, Variable w, Variable b, IntStorage starts) {
        return run(new GroupedLinear(x, w, b, starts, false));
    }

    default Variable groupedLinear(Variable x, Variable w, Variable b, int[] starts) {
        return groupedLinear(x, w, b, IntStorage.of(starts));
    }

    /** The same with w (E,in,out). */
    default Variable groupedMatMul(Variable x, Variable w, Variable b, IntStorage starts) {
        return run(new GroupedLinear(x, w, b, starts, true));
    }

    default Variable groupedMatMul(Variable x, Variable w, Variable b, int[] starts) {
        return groupedMatMul(x, w, b, IntStorage.of(starts));
    }
}
