package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Lanes.load;
import static org.moe4j.backend.simd.Lanes.splat;
import static org.moe4j.backend.simd.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.Binary;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Functions of two strided operands, their gradients, and strided copies and sums. */
final class Broadcast {
    private static final int BLOCK = 1024;

    private Broadcast() {}

    static void value(Team team, Binary f, int[] dims, Strided a, Strided b, Storage y) {
        float[] x = array(a.data());
        float[] z = array(b.data());
        float[] out = array(y);
        Grid grid = new Grid(dims, new long[] {start(a), start(b), start(y)}, a.strides(), b.strides(), rowMajor(dims));
        int sa = grid.step(0);
        int sb = grid.step(1);
        int sy = grid.step(2);
        boolean vectors = sy == 1 && (sa | sb) >>> 1 == 0;
        grid.run(team, 2, (at, n) -> {
            int whole = vectors ? n - n % L : 0;
            if (whole > 0) values(f, whole, x, at[0], sa, z, at[1], sb, out, at[2]);
            for (int i = whole; i < n; i++) out[at[2] + i * sy] = (float) f.value(x[at[0] + i * sa], z[at[1] + i * sb]);
        });
    }

    /** da adds dy df/da by the strides of a if {@code first}, else db adds dy df/db by those of b. */
    static void gradient(Team team, Binary f, boolean first, int[] dims, Strided a, Strided b, Storage dy, Storage gradient) {
        float[] x = array(a.data());
        float[] z = array(b.data());
        float[] dys = array(dy);
        float[] sum = array(gradient);
        Strided by = first ? a : b;
        long to = FloatStorage.of(gradient).offset() + by.offset();
        Grid grid = new Grid(dims, new long[] {start(a), start(b), start(dy), to}, a.strides(), b.strides(), rowMajor(dims), by.strides());
        int sa = grid.step(0);
        int sb = grid.step(1);
        int sd = grid.step(2);
        int so = grid.step(3);
        boolean vectors = sd == 1 && (sa | sb) >>> 1 == 0;
        grid.run(team, 3, (at, n) -> {
            float[] products = Scratch.mine().tile(BLOCK);
            for (int from = 0; from < n; from += BLOCK) {
                int m = Math.min(BLOCK, n - from);
                int ia = at[0] + from * sa;
                int ib = at[1] + from * sb;
                int id = at[2] + from * sd;
                int whole = vectors ? m - m % L : 0;
                if (whole > 0) products(f, first, whole, x, ia, sa, z, ib, sb, dys, id, products);
                for (int i = whole; i < m; i++) {
                    double u = x[ia + i * sa];
                    double v = z[ib + i * sb];
                    products[i] = (float) (dys[id + i * sd] * (first ? f.derivativeA(u, v) : f.derivativeB(u, v)));
                }
                add(products, 0, 1, sum, at[3] + from * so, so, m);
            }
        });
    }

    /** y = x or y += x by strides. */
    static void move(Team team, int[] dims, Strided x, Strided y, boolean add) {
        float[] from = array(x.data());
        float[] to = array(y.data());
        Grid grid = new Grid(dims, new long[] {start(x), start(y)}, x.strides(), y.strides());
        int sx = grid.step(0);
        int sy = grid.step(1);
        grid.run(team, 1, (at, n) -> {
            if (add) add(from, at[0], sx, to, at[1], sy, n);
            else if (sx == 1 && sy == 1) System.arraycopy(from, at[0], to, at[1], n);
            else for (int i = 0; i < n; i++) to[at[1] + i * sy] = from[at[0] + i * sx];
        });
    }

    private static void add(float[] x, int ix, int sx, float[] y, int iy, int sy, int n) {
        if (sx == 1 && sy == 1) {
            Runs.add(x, ix, y, iy, n);
        } else if (sx == 1 && sy == 0) {
            y[iy] += (float) Runs.sum(x, ix, n);
        } else if (sy == 0) {
            double sum = 0;
            for (int i = 0; i < n; i++) sum += x[ix + i * sx];
            y[iy] += (float) sum;
        } else {
            for (int i = 0; i < n; i++) y[iy + i * sy] += x[ix + i * sx];
        }
    }

    private static void values(Binary f, int n, float[] a, int ia, int sa, float[] b, int ib, int sb, float[] y, int iy) {
        switch (f) {
            case ADD -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).add(read(b, ib, sb, i)).intoArray(y, iy + i); }
            case SUBTRACT -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).sub(read(b, ib, sb, i)).intoArray(y, iy + i); }
            case MULTIPLY -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).mul(read(b, ib, sb, i)).intoArray(y, iy + i); }
            case DIVIDE -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).div(read(b, ib, sb, i)).intoArray(y, iy + i); }
            case MAX -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).max(read(b, ib, sb, i)).intoArray(y, iy + i); }
            case MIN -> { for (int i = 0; i < n; i += L) read(a, ia, sa, i).min(read(b, ib, sb, i)).intoArray(y, iy + i); }
        }
    }

    /** out[i] = dy df/da or dy df/db. */
    private static void products(Binary f, boolean first, int n, float[] a, int ia, int sa, float[] b, int ib, int sb,
            float[] dy, int id, float[] out) {
        switch (f) {
            case ADD -> System.arraycopy(dy, id, out, 0, n);
            case SUBTRACT -> { for (int i = 0; i < n; i += L) load(dy, id + i).mul(first ? 1f : -1f).intoArray(out, i); }
            case MULTIPLY -> {
                if (first) timesOther(n, b, ib, sb, dy, id, out);
                else timesOther(n, a, ia, sa, dy, id, out);
            }
            case DIVIDE -> {
                for (int i = 0; i < n; i += L) {
                    FloatVector divisor = read(b, ib, sb, i);
                    FloatVector slope = load(dy, id + i).div(divisor);
                    (first ? slope : slope.neg().mul(read(a, ia, sa, i).div(divisor))).intoArray(out, i);
                }
            }
            case MAX, MIN -> {
                for (int i = 0; i < n; i += L) {
                    FloatVector own = first == (f == Binary.MAX) ? read(a, ia, sa, i) : read(b, ib, sb, i);
                    FloatVector other = first == (f == Binary.MAX) ? read(b, ib, sb, i) : read(a, ia, sa, i);
                    zero().blend(1f, own.compare(GT, other)).blend(0.5f, own.compare(EQ, other)).mul(load(dy, id + i)).intoArray(out, i);
                }
            }
        }
    }

    private static void timesOther(int n, float[] other, int io, int so, float[] dy, int id, float[] out) {
        for (int i = 0; i < n; i += L) load(dy, id + i).mul(read(other, io, so, i)).intoArray(out, i);
    }

    /** The next vector of an operand whose step is 0 or 1. */
    private static FloatVector read(float[] x, int at, int step, int i) {
        return step == 0 ? splat(x[at]) : load(x, at + i);
    }

    private static float[] array(Storage x) {
        return FloatStorage.of(x).array();
    }

    private static long start(Storage x) {
        return FloatStorage.of(x).offset();
    }

    private static long start(Strided x) {
        return start(x.data()) + x.offset();
    }

    private static long[] rowMajor(int[] dims) {
        return org.moe4j.tensor.Shape.of(dims).strides();
    }
}
