package org.moe4j.autodiff.op;

import java.util.Arrays;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;

/** Losses; a scalar unless said otherwise. */
public interface LossOperations extends ReductionOperations {
    /** The mean cross-entropy in nats of logits (.., V) over the rows whose target isn't negative; 0 if there are none. */
    default Variable crossEntropy(Variable logits, int[] targets) {
        return crossEntropy(logits, targets, 0);
    }

    /** The same with label smoothing: (1-smoothing) of the loss plus smoothing times the mean of -log p over classes. */
    default Variable crossEntropy(Variable logits, int[] targets, double smoothing) {
        long counted = Arrays.stream(targets).filter(target -> target >= 0).count();
        return scale(sum(crossEntropyPerRow(logits, targets, smoothing)), 1.0 / Math.max(1, counted));
    }

    /**
     * The same of the logits x wᵀ + b, with x (.., D), w (V,D) and b (V) or null, without their ever being there as a whole: see {@link LinearCrossEntropy}.
     */
    default Variable linearCrossEntropy(Variable x, Variable w, Variable b, int[] targets) {
        return run(new LinearCrossEntropy(x, w, b, IntStorage.of(targets), recording()));
    }

    /** Each row's loss, 0 where the target is negative. */
    default Variable crossEntropyPerRow(Variable logits, int[] targets, double smoothing) {
        return run(new CrossEntropy(logits, IntStorage.of(targets), smoothing));
    }

    /** mean (x - y)². */
    default Variable meanSquaredError(Variable x, Variable y) {
        return mean(square(subtract(x, y)));
    }

    /** mean |x - y|. */
    default Variable meanAbsoluteError(Variable x, Variable y) {
        return mean(abs(subtract(x, y)));
    }

    /** The mean of d²/(2 beta) where d = |x - y| is below beta, d - beta/2 elsewhere (Huber's loss over beta). */
    default Variable smoothL1(Variable x, Variable y, double beta) {
        Variable distance = abs(subtract(x, y));
        Variable bounded = clamp(distance, 0, beta);
        return scale(mean(multiply(bounded, subtract(distance, scale(bounded, 0.5)))), 1 / beta);
    }

    /** The mean of -(target log p + (1 - target) log(1 - p)). */
    default Variable binaryCrossEntropy(Variable p, Variable target) {
        Variable yes = multiply(target, log(p));
        Variable no = multiply(addScalar(negate(target), 1), log(addScalar(negate(p), 1)));
        return negate(mean(add(yes, no)));
    }

    /** The same from logits x, p = sigmoid(x). */
    default Variable binaryCrossEntropyWithLogits(Variable x, Variable target) {
        return mean(subtract(softplus(x), multiply(x, target)));
    }

    /** KL(p || softmax(x)) by rows, averaged over rows, with p = softmax(y). */
    default Variable klDivergence(Variable y, Variable x) {
        Variable logP = logSoftmax(y);
        Variable byRow = sum(multiply(exp(logP), subtract(logP, logSoftmax(x))), -1);
        return mean(byRow);
    }

    /** The mean entropy in nats of softmax(x) along the last axis. */
    default Variable softmaxEntropy(Variable x) {
        return negate(mean(sum(multiply(softmax(x), logSoftmax(x)), -1)));
    }
}
