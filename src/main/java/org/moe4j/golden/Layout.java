package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import org.moe4j.tensor.Shape;

/**
 * Which value of a case stands where in a tensor of ours. Other code stacks, splits and transposes its weights differently; a
 * layout brings them into our order on the way in, and their gradients back into theirs on the way out.
 *
 * @param places for each entry, its place among all values of the case
 */
record Layout(Shape shape, int[] places) {
    Layout {
        if (shape.size() != places.length) {
            throw new IllegalArgumentException("a layout of shape " + shape + " has " + places.length + " places");
        }
    }

    Layout reshape(int... dims) {
        return new Layout(Shape.of(dims), places);
    }

    /** Axis i of the result is axis axes[i] of this. */
    Layout permute(int... axes) {
        int[] dims = new int[axes.length];
        Arrays.setAll(dims, i -> shape.dim(axes[i]));
        Shape permuted = Shape.of(dims);
        long[] strides = shape.strides();
        int[] moved = new int[places.length];
        for (int i = 0; i < moved.length; i++) {
            int rest = i;
            int from = 0;
            for (int a = axes.length - 1; a >= 0; a--) {
                from += (int) strides[axes[a]] * (rest % dims[a]);
                rest /= dims[a];
            }
            moved[i] = places[from];
        }
        return new Layout(permuted, moved);
    }

    /** A matrix with its axes exchanged. */
    Layout transpose() {
        return permute(1, 0);
    }

    /** Entries from (inclusive) to (exclusive) of the first axis. */
    Layout rows(int from, int to) {
        int[] dims = shape.dims();
        int row = places.length / dims[0];
        dims[0] = to - from;
        return new Layout(Shape.of(dims), Arrays.copyOfRange(places, from * row, to * row));
    }

    /** Entry i of the first axis, without that axis. */
    Layout row(int i) {
        int[] dims = shape.dims();
        return rows(i, i + 1).reshape(Arrays.copyOfRange(dims, 1, dims.length));
    }

    /** The parts one after another along their first axis. */
    static Layout concat(List<Layout> parts) {
        int[] dims = parts.getFirst().shape.dims();
        dims[0] = parts.stream().mapToInt(p -> p.shape.dim(0)).sum();
        return new Layout(Shape.of(dims), parts.stream().flatMapToInt(p -> Arrays.stream(p.places)).toArray());
    }

    /** Parts of one shape on a new first axis. */
    static Layout stack(List<Layout> parts) {
        int[] one = parts.getFirst().shape.dims();
        int[] dims = new int[one.length + 1];
        dims[0] = parts.size();
        System.arraycopy(one, 0, dims, 1, one.length);
        return new Layout(Shape.of(dims), concat(parts.stream().map(p -> p.reshape(prepend(one))).toList()).places);
    }

    private static int[] prepend(int[] dims) {
        int[] longer = new int[dims.length + 1];
        longer[0] = 1;
        System.arraycopy(dims, 0, longer, 1, dims.length);
        return longer;
    }
}
