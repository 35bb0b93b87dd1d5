package org.moe4j.autodiff.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.Shape;

/** The same values in another arrangement. */
public interface ShapeOperations extends Recorder {
    /** The same values in the same memory; one extent may be -1 and is worked out. */
    default Variable reshape(Variable x, int... dims) {
        int[] extents = dims.clone();
        for (int i = 0; i < extents.length; i++) {
            if (extents[i] == -1) {
                extents[i] = 1;
                long others = Shape.of(extents).size();
                extents[i] = others == 0 ? 0 : Math.toIntExact(x.shape().size() / others);
            }
        }
        return run(new Reshape(x, Shape.of(extents)));
    }

    default Variable reshape(Variable x, Shape shape) {
        return run(new Reshape(x, shape));
    }

    /** Axis i of the result is axis {@code axes[i]} of x. */
    default Variable permute(Variable x, int... axes) {
        return run(new Permute(x, axes));
    }

    /** Two axes exchanged. */
    default Variable swapAxes(Variable x, int a, int b) {
        int[] axes = new int[x.shape().rank()];
        Arrays.setAll(axes, i -> i);
        axes[Check.axis("swapAxes", x.shape(), a)] = Check.axis("swapAxes", x.shape(), b);
        axes[Check.axis("swapAxes", x.shape(), b)] = Check.axis("swapAxes", x.shape(), a);
        return permute(x, axes);
    }

    /** The last two axes exchanged. */
    default Variable transpose(Variable x) {
        return swapAxes(x, -2, -1);
    }

    /** Places {@code from} to {@code to} (exclusive) along an axis; the ends may count from the end of the axis, as -1. */
    default Variable slice(Variable x, int axis, int from, int to) {
        return slice(x, axis, from, to, 1);
    }

    /** Every {@code step}-th place from {@code from} to {@code to} (exclusive); the ends may count from the end of the axis. */
    default Variable slice(Variable x, int axis, int from, int to, int step) {
        int extent = x.shape().dim(Check.axis("slice", x.shape(), axis));
        int first = from < 0 ? from + extent : from;
        int end = to < 0 ? to + extent : to;
        return run(new Slice(x, axis, first, Math.max(0, Math.ceilDiv(end - first, step)), step));
    }

    /** An axis backwards. */
    default Variable flip(Variable x, int axis) {
        int extent = x.shape().dim(Check.axis("flip", x.shape(), axis));
        return run(new Slice(x, axis, extent - 1, extent, -1));
    }

    /** Pieces of {@code size} places along an axis; the last may be shorter. */
    default List<Variable> split(Variable x, int axis, int size) {
        int extent = x.shape().dim(Check.axis("split", x.shape(), axis));
        List<Variable> pieces = new ArrayList<>();
        for (int from = 0; from < extent; from += size) {
            pieces.add(run(new Slice(x, axis, from, Math.min(size, extent - from), 1)));
        }
        return pieces;
    }

    /** x stretched to a shape that it broadcasts to. */
    default Variable expand(Variable x, int... dims) {
        return run(new Expand(x, Shape.of(dims)));
    }

    /** x with a new axis of extent 1 before axis {@code axis}. */
    default Variable insertAxis(Variable x, int axis) {
        int at = axis < 0 ? axis + x.shape().rank() + 1 : axis;
        int[] dims = Arrays.copyOf(x.shape().dims(), x.shape().rank() + 1);
        System.arraycopy(dims, at, dims, at + 1, dims.length - 1 - at);
        dims[at] = 1;
        return run(new Reshape(x, Shape.of(dims)));
    }

    default Variable concat(int axis, Variable... parts) {
        return run(new Concat(List.of(parts), axis));
    }

    default Variable concat(int axis, List<Variable> parts) {
        return run(new Concat(parts, axis));
    }

    /** The parts side by side along a new axis. */
    default Variable stack(int axis, Variable... parts) {
        return stack(axis, List.of(parts));
    }

    default Variable stack(int axis, List<Variable> parts) {
        return concat(axis, parts.stream().map(part -> insertAxis(part, axis)).toList());
    }

    /** {@code before} and {@code after} places of a value around x along an axis. */
    default Variable pad(Variable x, int axis, int before, int after, double value) {
        int[] dims = x.shape().dims();
        int at = Check.axis("pad", x.shape(), axis);
        dims[at] = before;
        Shape front = Shape.of(dims);
        dims[at] = after;
        return concat(at, filled(front, value), x, filled(Shape.of(dims), value));
    }

    /** Each place along an axis {@code times} times in a row. */
    default Variable repeatInterleave(Variable x, int axis, int times) {
        int at = Check.axis("repeatInterleave", x.shape(), axis);
        Variable each = insertAxis(x, at + 1);
        int[] dims = each.shape().dims();
        dims[at + 1] = times;
        int[] merged = x.shape().dims();
        merged[at] *= times;
        return reshape(expand(each, dims), merged);
    }

    /** The matrix (rows, columns) of 1 at and below the diagonal {@code diagonal} places right of the main one, 0 above. */
    default Variable lowerTriangle(int rows, int columns, int diagonal) {
        double[] values = new double[rows * columns];
        for (int i = 0; i < rows; i++) {
            Arrays.fill(values, i * columns, i * columns + Math.clamp(i + diagonal + 1L, 0, columns), 1);
        }
        return constant(Shape.of(rows, columns), values);
    }
}
