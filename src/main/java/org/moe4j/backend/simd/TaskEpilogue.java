package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import org.moe4j.backend.Epilogue;
import org.moe4j.backend.Unary;

/**
 * An {@link Epilogue} of the part of the result that a task computes: the register tiles start from the bias, and the rest is done when the task's rows are complete, along the rows. Panel by panel, while they are nearer, it
 * took longer: pieces of 256 bytes all over the other matrices are what no prefetching expects. All values have the bits that they have
 * where whole storages are computed one operation after the other.
 *
 * @param n the distance of rows in all matrices
 * @param bias of all columns; null for none
 * @param f null for none
 * @param x what the slope is taken at; null where f is applied to c
 * @param y f of c, or of x
 */
record TaskEpilogue(int n, FloatStorage c, FloatStorage bias, Unary f, FloatStorage x, FloatStorage y) {
    static final TaskEpilogue NONE = new TaskEpilogue(0, null, null, null, null, null);

    static TaskEpilogue of(Epilogue after, int n, FloatStorage c) {
        return switch (after) {
            case Epilogue.Layer layer -> new TaskEpilogue(n, c, FloatStorage.of(layer.bias()), layer.f(), null, FloatStorage.of(layer.y()));
            case Epilogue.Slope slope -> new TaskEpilogue(n, c, null, slope.f(), FloatStorage.of(slope.x()), FloatStorage.of(slope.y()));
        };
    }

    /** The same with the bias of one expert. */
    TaskEpilogue ofExpert(int e) {
        return bias == null ? this : new TaskEpilogue(n, c, new FloatStorage(bias.array(), bias.offset() + e * n, n), f, x, y);
    }

    /** The array with the row that every row of the result starts from: the bias, or zeros. */
    float[] start() {
        return bias == null ? Tiles.ZEROS : bias.array();
    }

    /** Where in it the columns of a panel begin whose result is at {@code at} in the array of c. */
    int startAt(int at) {
        return bias == null ? 0 : bias.offset() + (at - c.offset()) % n;
    }

    /** When all is added up: m rows of w columns at {@code at}. */
    void finish(int m, int w, int at) {
        if (f == null) return;
        boolean together = w == n; // then the rows are one run
        for (int i = 0; i < (together ? 1 : m); i++) run(at + i * n, together ? m * n : w);
    }

    private void run(int at, int count) {
        int place = at - c.offset();
        if (x == null) {
            Elementwise.value(f, c.array(), at, y.array(), y.offset() + place, count);
        } else {
            Elementwise.slopes(f, x.array(), x.offset() + place, y.array(), y.offset() + place, count, (slopes, from, each) ->
                    multiply(slopes, c.array(), at + from, each));
        }
    }

    /** y = x y + 0 over n values: no zero is negative, as none is where products are added to zeros. */
    private static void multiply(float[] x, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, i).fma(fromArray(F, y, iy + i), zero(F)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = Math.fma(x[i], y[iy + i], 0f);
    }
}
