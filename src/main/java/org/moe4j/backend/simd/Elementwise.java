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
        blocks(team, x.length(), (at, n) -> {
            int whole = n - n % L;
            UnaryValue.apply(f, x.array(), x.offset() + at, y.array(), y.offset() + at, whole);
            if (whole < n) {
                float[] tail = Scratch.mine().block(4);
                System.arraycopy(x.array(), x.offset() + at + whole, tail, 0, n - whole);
                UnaryValue.apply(f, tail, 0, tail, 0, L);
                System.arraycopy(tail, 0, y.array(), y.offset() + at + whole, n - whole);
            }
        });
    }

    static void gradient(Team team, Unary f, FloatStorage x, FloatStorage y, FloatStorage dy, FloatStorage dx) {
        blocks(team, x.length(), (at, n) -> {
            int whole = n - n % L;
            float[] slopes = Scratch.mine().block(5);
            UnarySlope.apply(f, x.array(), x.offset() + at, y.array(), y.offset() + at, slopes, whole);
            if (whole < n) {
                float[] tails = Scratch.mine().block(4); // a vector of x and one of y
                System.arraycopy(x.array(), x.offset() + at + whole, tails, 0, n - whole);
                System.arraycopy(y.array(), y.offset() + at + whole, tails, L, n - whole);
                float[] last = Scratch.mine().block(3);
                UnarySlope.apply(f, tails, 0, tails, L, last, L);
                System.arraycopy(last, 0, slopes, whole, n - whole);
            }
            Runs.addProduct(slopes, 0, dy.array(), dy.offset() + at, dx.array(), dx.offset() + at, n);
        });
    }

    private static void blocks(Team team, int n, Team.Run body) {
        team.chunks(n, (from, count) -> {
            for (int i = 0; i < count; i += VectorMath.BLOCK) body.run(from + i, Math.min(VectorMath.BLOCK, count - i));
        });
    }
}
