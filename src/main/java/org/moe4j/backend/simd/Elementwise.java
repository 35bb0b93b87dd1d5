package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import org.moe4j.backend.Unary;

/**
 * Functions of whole runs of values, shared out in chunks. A chunk's last values, fewer than a vector, go through a padded
 * copy and the same vector code, so that a value doesn't depend on where it lies.
 */
final class Elementwise {
    /** Values in one task: 64 KiB of each array. */
    static final int CHUNK = 16384;

    private Elementwise() {}

    static void value(Team team, Unary f, FloatStorage x, FloatStorage y) {
        int n = x.length();
        team.parallel(Sgemm.blocks(n, CHUNK), c -> {
            int from = c * CHUNK;
            int to = Math.min(n, from + CHUNK);
            int whole = to - (to - from) % L;
            UnaryValue.apply(f, x.array(), x.offset() + from, x.offset() + whole, y.array(), y.offset() + from);
            if (whole < to) {
                float[] in = tail(x, whole, to);
                float[] out = new float[L];
                UnaryValue.apply(f, in, 0, L, out, 0);
                System.arraycopy(out, 0, y.array(), y.offset() + whole, to - whole);
            }
        });
    }

    static void gradient(Team team, Unary f, FloatStorage x, FloatStorage y, FloatStorage dy, FloatStorage dx) {
        int n = x.length();
        team.parallel(Sgemm.blocks(n, CHUNK), c -> {
            int from = c * CHUNK;
            int to = Math.min(n, from + CHUNK);
            int whole = to - (to - from) % L;
            UnaryGrad.apply(f, whole - from, x.array(), x.offset() + from, y.array(), y.offset() + from,
                    dy.array(), dy.offset() + from, dx.array(), dx.offset() + from);
            if (whole < to) {
                float[] sum = tail(dx, whole, to);
                UnaryGrad.apply(f, L, tail(x, whole, to), 0, tail(y, whole, to), 0, tail(dy, whole, to), 0, sum, 0);
                System.arraycopy(sum, 0, dx.array(), dx.offset() + whole, to - whole);
            }
        });
    }

    private static float[] tail(FloatStorage x, int from, int to) {
        return Arrays.copyOf(Arrays.copyOfRange(x.array(), x.offset() + from, x.offset() + to), L);
    }
}
