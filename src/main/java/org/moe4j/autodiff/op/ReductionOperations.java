package org.moe4j.autodiff.op;

import java.util.stream.IntStream;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Sums and other summaries over axes, all axes where none is named. Those that end in {@code Kept} leave the axes with extent 1,
 * so that the result broadcasts against x.
 */
public interface ReductionOperations extends ElementwiseOperations, ShapeOperations, MatrixOperations {
    default Variable sumKept(Variable x, int... axes) {
        return run(new Sum(x, axes.length == 0 ? IntStream.range(0, x.shape().rank()).toArray() : axes));
    }

    default Variable sum(Variable x, int... axes) {
        return without(sumKept(x, axes), axes);
    }

    default Variable meanKept(Variable x, int... axes) {
        Variable sum = sumKept(x, axes);
        return scale(sum, sum.shape().size() / (double) x.shape().size());
    }

    default Variable mean(Variable x, int... axes) {
        return without(meanKept(x, axes), axes);
    }

    /** The mean squared distance from the mean: divided by n, or by n - 1 if {@code unbiased}. */
    default Variable varianceKept(Variable x, boolean unbiased, int... axes) {
        Variable squares = meanKept(square(subtract(x, meanKept(x, axes))), axes);
        double n = x.shape().size() / (double) squares.shape().size();
        return unbiased ? scale(squares, n / (n - 1)) : squares;
    }

    default Variable variance(Variable x, boolean unbiased, int... axes) {
        return without(varianceKept(x, unbiased, axes), axes);
    }

    default Variable standardDeviation(Variable x, boolean unbiased, int... axes) {
        return sqrt(variance(x, unbiased, axes));
    }

    /**
     * The squared coefficient of variation of all values, var / (mean² + 1e-10): the importance and load losses of Shazeer et al. 2017,
     * equations 6 to 8. Their source takes the population variance.
     */
    default Variable squaredCoefficientOfVariation(Variable x, boolean unbiased) {
        return divide(variance(x, unbiased), addScalar(square(mean(x)), 1e-10));
    }

    /** The root of the sum of squares. */
    default Variable norm(Variable x, int... axes) {
        return sqrt(sum(square(x), axes));
    }

    /** The k largest along the last axis, descending; the values have a gradient. */
    default Ranked topK(Variable x, int k) {
        IntStorage columns = ints(x.shape().rows() * k);
        return new Ranked(run(new TopK(x, k, columns)), columns);
    }

    /** The last axis in descending order. */
    default Ranked sortDescending(Variable x) {
        return topK(x, x.shape().columns());
    }

    default Variable maxKept(Variable x, int axis) {
        return swapAxes(topK(swapAxes(x, axis, -1), 1).values(), axis, -1);
    }

    /** The largest along an axis; at a tie the gradient goes to the first. */
    default Variable max(Variable x, int axis) {
        return without(maxKept(x, axis), axis);
    }

    default Variable min(Variable x, int axis) {
        return negate(max(negate(x), axis));
    }

    /** The place of the largest along the last axis, one for each row. */
    default int[] argMax(Variable x) {
        return topK(x, 1).indices().toArray();
    }

    /** The product along the last axis, which goes. */
    default Variable product(Variable x) {
        Variable product = slice(x, -1, 0, 1);
        for (int j = 1; j < x.shape().columns(); j++) {
            product = multiply(product, slice(x, -1, j, j + 1));
        }
        return without(product, -1);
    }

    /** Running sums along an axis, each including its own place, or only what comes before it. */
    default Variable cumulativeSum(Variable x, int axis, boolean exclusive) {
        int n = x.shape().dim(Check.axis("cumulativeSum", x.shape(), axis));
        Variable last = swapAxes(x, axis, -1);
        Variable sums = matMul(reshape(last, -1, n), lowerTriangle(n, n, exclusive ? -1 : 0), false, true);
        return swapAxes(reshape(sums, last.shape()), axis, -1);
    }

    default Variable softmax(Variable x) {
        return run(new Softmax(x));
    }

    default Variable softmax(Variable x, int axis) {
        return swapAxes(softmax(swapAxes(x, axis, -1)), axis, -1);
    }

    /** log sum exp along the last axis, which goes. */
    default Variable logSumExp(Variable x) {
        return without(run(new LogSumExp(x)), -1);
    }

    /** x - log sum exp x along the last axis. */
    default Variable logSoftmax(Variable x) {
        return subtract(x, run(new LogSumExp(x)));
    }

    /** x without the named axes, all of extent 1; without any where none is named. */
    private Variable without(Variable x, int... axes) {
        Shape shape = x.shape();
        boolean[] out = new boolean[shape.rank()];
        for (int axis : axes) {
            out[Check.axis("reduction", shape, axis)] = true;
        }
        int[] left = axes.length == 0 ? new int[0] : IntStream.range(0, shape.rank()).filter(i -> !out[i]).map(shape::dim).toArray();
        return reshape(x, left);
    }
}
