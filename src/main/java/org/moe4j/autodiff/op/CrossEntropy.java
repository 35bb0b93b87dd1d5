package org.moe4j.autodiff.op;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * The loss of each row of logits (.., V) against a class, in nats: (1-smoothing) (lse - x[target]) + smoothing (lse - mean x).
 * Rows with a negative target have loss 0 and no gradient. The second output is each row's log-sum-exp.
 */
public record CrossEntropy(Variable logits, IntStorage targets, double smoothing) implements Op {
    public CrossEntropy {
        Check.rankAtLeast("crossEntropy", "logits", logits, 1);
        Check.length("crossEntropy", "targets for logits " + logits.shape(), targets.length(), logits.shape().rows());
        Check.below("crossEntropy", "target", targets, logits.shape().columns());
    }

    @Override
    public List<Variable> inputs() {
        return List.of(logits);
    }

    @Override
    public List<Shape> outputs() {
        int[] dims = logits.shape().dims();
        Shape rows = Shape.of(Arrays.copyOf(dims, dims.length - 1));
        return List.of(rows, rows);
    }

    @Override
    public void forward(Backend on, Call call) {
        on.crossEntropy(logits.data(), logits.shape().rows(), logits.shape().columns(), targets, smoothing, call.y(), call.y(1));
    }

    @Override
    public void backward(Backend on, Call call) {
        boolean add = logits.addsToGrad();
        on.crossEntropyGrad(logits.data(), call.y(1), logits.shape().rows(), logits.shape().columns(), targets, smoothing, call.dy(), logits.dData(), add);
    }
}
