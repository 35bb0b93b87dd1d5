package org.moe4j.backend.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Axes with the strides of up to four operands along each, outermost first: the structure {@code Axes} of strided.cu. Axes of one element
 * are left out, and neighbours that step alike in every operand are one axis.
 */
final class StridedAxes {
    private static final int MOST_AXES = 8;
    private static final int MOST_OPERANDS = 4;
    private static final int SHORT = 8;

    private record Axis(long size, long[] strides) {
        /** Whether one axis steps over both. */
        boolean joins(Axis inner) {
            return IntStream.range(0, strides.length).allMatch(o -> strides[o] == inner.strides[o] * inner.size);
        }
    }

    private final List<Axis> axes = new ArrayList<>();

    private StridedAxes() {}

    /** All axes, or those in which the first operand moves or doesn't. */
    private static StridedAxes of(int[] dims, long[][] strides, Boolean moving) {
        StridedAxes all = new StridedAxes();
        for (int d = 0; d < dims.length; d++) {
            int axis = d;
            if (dims[d] != 1 && (moving == null || moving == (strides[0][d] != 0))) {
                all.add(new Axis(dims[d], Arrays.stream(strides).mapToLong(s -> s[axis]).toArray()));
            }
        }
        if (all.axes.size() > MOST_AXES) {
            throw new IllegalArgumentException("the cuda back end takes at most " + MOST_AXES + " strided axes, these are " + all.axes.size());
        }
        return all;
    }

    static StridedAxes of(int[] dims, long[]... strides) {
        return of(dims, strides, null);
    }

    /** The axes along which the first operand moves. */
    static StridedAxes moving(int[] dims, long[]... strides) {
        return of(dims, strides, true);
    }

    /** The axes along which the first operand stands still. */
    static StridedAxes still(int[] dims, long[]... strides) {
        return of(dims, strides, false);
    }

    private void add(Axis axis) {
        if (!axes.isEmpty() && axes.getLast().joins(axis)) {
            axes.add(new Axis(axes.removeLast().size * axis.size, axis.strides));
        } else {
            axes.add(axis);
        }
    }

    /** The number of elements. */
    long count() {
        return axes.stream().mapToLong(Axis::size).reduce(1, (a, b) -> a * b);
    }

    /** The smallest step of an operand along any axis that moves it: what decides which threads read neighbours. */
    long leastStep(int operand) {
        return axes.stream().mapToLong(axis -> Math.abs(axis.strides[operand])).filter(step -> step > 0).min().orElse(Long.MAX_VALUE);
    }

    /** With the axes of the first operand's smallest steps innermost, so that neighbouring threads write neighbours. */
    StridedAxes ordered() {
        axes.sort((a, b) -> Long.compare(Math.abs(b.strides[0]), Math.abs(a.strides[0])));
        List<Axis> sorted = List.copyOf(axes);
        axes.clear();
        sorted.forEach(this::add);
        return this;
    }

    /**
     * Two axes of which the first operand is contiguous along one, {@code across}, and the second along the other, {@code down}.
     *
     * @param firstStep of the first operand along {@code down}
     * @param secondStep of the second operand along {@code across}
     * @param rest the axes that are left
     */
    record Exchange(long across, long down, long firstStep, long secondStep, StridedAxes rest) {}

    /** The two that two operands exchange; null if there are none, or they are too short for squares of 32 to be worth while. */
    Exchange exchange() {
        Axis across = contiguous(0);
        Axis down = contiguous(1);
        if (across == null || down == null || across == down || across.size < SHORT || down.size < SHORT) {
            return null;
        }
        StridedAxes rest = new StridedAxes();
        axes.stream().filter(axis -> axis != across && axis != down).forEach(rest.axes::add);
        return new Exchange(across.size, down.size, down.strides[0], across.strides[1], rest);
    }

    private Axis contiguous(int operand) {
        return axes.stream().filter(axis -> axis.strides[operand] == 1).findFirst().orElse(null);
    }

    /** As the kernels take it. */
    long[] structure() {
        long[] fields = new long[1 + MOST_AXES * (1 + MOST_OPERANDS)];
        fields[0] = axes.size();
        for (int i = 0; i < axes.size(); i++) {
            Axis axis = axes.get(i);
            fields[1 + i] = axis.size;
            for (int o = 0; o < axis.strides.length; o++) {
                fields[1 + MOST_AXES * (1 + o) + i] = axis.strides[o];
            }
        }
        return fields;
    }
}
