package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

import org.moe4j.backend.Unary;

/**
 * Functions of whole runs of values, shared out in chunks and computed in blocks. A run's last values, fewer than a vector, go
 * through a padded copy and the same vector code, so that a value doesn't depend on where it lies.
 */
final class Elementwise {
    private Elementwise() {}

    static void value(Team team, Unary f, FloatStorage x, FloatStorage y) {
        team.chunks(x.length(), (at, n) -> value(f, x.array(), x.offset() + at, y.array(), y.offset() + at, n));
    }

    static void gradient(Team team, Unary f, FloatStorage x, FloatStorage y, FloatStorage dy, FloatStorage dx) {
        team.chunks(x.length(), (at, n) -> slopes(f, x.array(), x.offset() + at, y.array(), y.offset() + at, n, (slopes, from, count) ->
                Runs.addProduct(slopes, 0, dy.array(), dy.offset() + at + from, dx.array(), dx.offset() + at + from, count)));
    }

    /** y = f(x) for a run, in the calling thread. */
    static void value(Unary f, float[] x, int ix, float[] y, int iy, int n) {
        for (int from = 0; from < n; from += VectorMath.BLOCK) {
            int count = Math.min(VectorMath.BLOCK, n - from);
            int whole = count - count % L;
            UnaryValue.apply(f, x, ix + from, y, iy + from, whole);
            if (whole < count) {
                float[] tail = Scratch.mine().block(4);
                System.arraycopy(x, ix + from + whole, tail, 0, count - whole);
                UnaryValue.apply(f, tail, 0, tail, 0, L);
                System.arraycopy(tail, 0, y, iy + from + whole, count - whole);
            }
        }
    }

    /** What is done with the slopes at values {@code from} to {@code from + count} of a run. */
    interface Slopes {
        void use(float[] slopes, int from, int count);
    }

    /** f'(x) for a run, where y = f(x), a block after the other, in the calling thread. */
    static void slopes(Unary f, float[] x, int ix, float[] y, int iy, int n, Slopes body) {
        for (int from = 0; from < n; from += VectorMath.BLOCK) {
            int count = Math.min(VectorMath.BLOCK, n - from);
            int whole = count - count % L;
            float[] slopes = Scratch.mine().block(5);
            UnarySlope.apply(f, x, ix + from, y, iy + from, slopes, whole);
            if (whole < count) {
                float[] tails = Scratch.mine().block(4); // a vector of x and one of y
                System.arraycopy(x, ix + from + whole, tails, 0, count - whole);
                System.arraycopy(y, iy + from + whole, tails, L, count - whole);
                float[] last = Scratch.mine().block(3);
                UnarySlope.apply(f, tails, 0, tails, L, last, L);
                System.arraycopy(last, 0, slopes, whole, count - whole);
            }
            body.use(slopes, from, count);
        }
    }

    /** What is done with the values and slopes at values {@code from} to {@code from + count} of a run. */
    interface ValuesAndSlopes {
        void use(float[] values, float[] slopes, int from, int count);
    }

    /** f(x) and f'(x) for a run, a block after the other, in the calling thread. */
    static void valuesAndSlopes(Unary f, float[] x, int ix, int n, ValuesAndSlopes body) {
        for (int from = 0; from < n; from += VectorMath.BLOCK) {
            int count = Math.min(VectorMath.BLOCK, n - from);
            int whole = count - count % L;
            float[] values = Scratch.mine().block(6);
            float[] slopes = Scratch.mine().block(5);
            UnarySlope.withValue(f, x, ix + from, values, 0, slopes, whole);
            if (whole < count) {
                float[] tails = Scratch.mine().block(4); // a vector of x and one of y
                System.arraycopy(x, ix + from + whole, tails, 0, count - whole);
                float[] last = Scratch.mine().block(3);
                UnarySlope.withValue(f, tails, 0, tails, L, last, L);
                System.arraycopy(tails, L, values, whole, count - whole);
                System.arraycopy(last, 0, slopes, whole, count - whole);
            }
            body.use(values, slopes, from, count);
        }
    }
}
