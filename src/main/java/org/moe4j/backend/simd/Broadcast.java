package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.Binary;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * Functions of two strided operands, their gradients, and strided copies and sums. An operand whose innermost step isn't 1 is
 * first laid out in a block of scratch, so that each function is one loop over consecutive values.
 */
final class Broadcast {
    private static final int BLOCK = VectorMath.BLOCK;
    /** Rows of a transpose in one task: of a row of the other matrix eight cache lines, what is read and written stays in the first two levels. */
    private static final int BAND = 128;

    private Broadcast() {}

    static void value(Team team, Binary f, int[] dims, Strided a, Strided b, Storage y) {
        Operand left = new Operand(a);
        Operand right = new Operand(b);
        float[] out = FloatStorage.of(y).array();
        Grid grid = new Grid(dims, new long[] {start(a), start(b), FloatStorage.of(y).offset()}, a.strides(), b.strides(), rowMajor(dims));
        int sa = grid.step(0);
        int sb = grid.step(1);
        int sy = grid.step(2);
        grid.run(team, 2, (at, count) -> {
            Scratch scratch = Scratch.mine();
            for (int from = 0; from < count; from += BLOCK) {
                int n = Math.min(BLOCK, count - from);
                float[] u = left.block(at[0] + from * sa, sa, n, scratch.block(0));
                float[] v = right.block(at[1] + from * sb, sb, n, scratch.block(1));
                int iu = u == left.array ? at[0] + from : 0;
                int iv = v == right.array ? at[1] + from : 0;
                boolean direct = sy == 1;
                float[] w = direct ? out : scratch.block(2);
                apply(f, n, u, iu, v, iv, w, direct ? at[2] + from : 0);
                if (!direct) for (int i = 0; i < n; i++) out[at[2] + (from + i) * sy] = w[i];
            }
        });
    }

    /** da adds dy df/da by the strides of a if {@code first}, else db adds dy df/db by those of b. */
    static void gradient(Team team, Binary f, boolean first, int[] dims, Strided a, Strided b, Storage dy, Storage gradient) {
        Operand left = new Operand(a);
        Operand right = new Operand(b);
        Operand out = new Operand(new Strided(dy, 0, rowMajor(dims)));
        float[] sum = FloatStorage.of(gradient).array();
        Strided by = first ? a : b;
        long to = FloatStorage.of(gradient).offset() + by.offset();
        Grid grid = new Grid(dims, new long[] {start(a), start(b), FloatStorage.of(dy).offset(), to},
                a.strides(), b.strides(), rowMajor(dims), by.strides());
        int sa = grid.step(0);
        int sb = grid.step(1);
        int sd = grid.step(2);
        int so = grid.step(3);
        grid.run(team, 3, (at, count) -> {
            Scratch scratch = Scratch.mine();
            float[] product = scratch.block(3);
            for (int from = 0; from < count; from += BLOCK) {
                int n = Math.min(BLOCK, count - from);
                float[] u = left.block(at[0] + from * sa, sa, n, scratch.block(0));
                float[] v = right.block(at[1] + from * sb, sb, n, scratch.block(1));
                float[] d = out.block(at[2] + from * sd, sd, n, scratch.block(2));
                slope(f, first, n, u, u == left.array ? at[0] + from : 0, v, v == right.array ? at[1] + from : 0,
                        d, d == out.array ? at[2] + from : 0, product);
                add(product, 0, 1, sum, at[3] + from * so, so, n);
            }
        });
    }

    /** y = x or y += x by strides. */
    static void move(Team team, int[] dims, Strided x, Strided y, boolean add) {
        float[] from = FloatStorage.of(x.data()).array();
        float[] to = FloatStorage.of(y.data()).array();
        if (add && dims.length == 2 && y.strides()[0] == 0 && y.strides()[1] == 1 && x.strides()[1] == 1) { // the gradient of a bias
            Columns.addSums(team, dims[0], dims[1], from, Math.toIntExact(start(x)), Math.toIntExact(x.strides()[0]), to, Math.toIntExact(start(y)));
            return;
        }
        if (!add && dims.length == 2 && x.strides()[0] == 1 && y.strides()[1] == 1) {
            transpose(team, dims, from, Math.toIntExact(start(x)), Math.toIntExact(x.strides()[1]), to, Math.toIntExact(start(y)), Math.toIntExact(y.strides()[0]));
            return;
        }
        Grid grid = new Grid(dims, new long[] {start(x), start(y)}, x.strides(), y.strides());
        int sx = grid.step(0);
        int sy = grid.step(1);
        grid.run(team, 1, (at, n) -> {
            if (add) add(from, at[0], sx, to, at[1], sy, n);
            else if (sx == 1 && sy == 1) System.arraycopy(from, at[0], to, at[1], n);
            else for (int i = 0; i < n; i++) to[at[1] + i * sy] = from[at[0] + i * sx];
        });
    }

    /** {@code to[i*ldt + j] = from[j*ldf + i]} for i and j below {@code dims}, in bands of i. */
    private static void transpose(Team team, int[] dims, float[] from, int fo, int ldf, float[] to, int at, int ldt) {
        team.parallel(Sgemm.blocks(dims[0], BAND), band -> {
            int i = band * BAND;
            Pack.transpose(dims[1], Math.min(BAND, dims[0] - i), from, fo + i, ldf, to, at + i * ldt, ldt);
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

    private static void apply(Binary f, int n, float[] a, int ia, float[] b, int ib, float[] y, int iy) {
        int whole = n - n % L;
        switch (f) {
            case ADD -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).add(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
            case SUBTRACT -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).sub(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
            case MULTIPLY -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).mul(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
            case DIVIDE -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).div(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
            case MAX -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).max(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
            case MIN -> { for (int i = 0; i < whole; i += L) fromArray(F, a, ia + i).min(fromArray(F, b, ib + i)).intoArray(y, iy + i); }
        }
        for (int i = whole; i < n; i++) y[iy + i] = (float) f.value(a[ia + i], b[ib + i]);
    }

    /** out[i] = dy df/da or dy df/db. */
    private static void slope(Binary f, boolean first, int n, float[] a, int ia, float[] b, int ib, float[] dy, int id, float[] out) {
        switch (f) {
            case ADD -> System.arraycopy(dy, id, out, 0, n);
            case SUBTRACT -> {
                System.arraycopy(dy, id, out, 0, n);
                if (!first) Runs.scale(-1, out, 0, n);
            }
            case MULTIPLY -> {
                System.arraycopy(dy, id, out, 0, n);
                if (first) Runs.multiply(b, ib, out, 0, n);
                else Runs.multiply(a, ia, out, 0, n);
            }
            case DIVIDE -> {
                apply(Binary.DIVIDE, n, dy, id, b, ib, out, 0);
                if (first) return;
                apply(Binary.DIVIDE, n, out, 0, b, ib, out, 0);
                Runs.multiply(a, ia, out, 0, n);
                Runs.scale(-1, out, 0, n);
            }
            case MAX, MIN -> {
                if (first == (f == Binary.MAX)) winners(n, a, ia, b, ib, out);
                else winners(n, b, ib, a, ia, out);
                Runs.multiply(dy, id, out, 0, n);
            }
        }
    }

    /** out[i] = 1 where own is larger, half at a tie, else 0. */
    private static void winners(int n, float[] own, int io, float[] other, int it, float[] out) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector u = fromArray(F, own, io + i);
            FloatVector v = fromArray(F, other, it + i);
            zero(F).blend(1f, u.compare(GT, v)).blend(0.5f, u.compare(EQ, v)).intoArray(out, i);
        }
        for (; i < n; i++) out[i] = own[io + i] > other[it + i] ? 1 : own[io + i] == other[it + i] ? 0.5f : 0;
    }

    /** An operand's array, read in blocks of consecutive values. */
    private static final class Operand {
        final float[] array;

        Operand(Strided x) {
            array = FloatStorage.of(x.data()).array();
        }

        /** The array itself where the step is 1, else {@code into} with the n values from {@code at}. */
        float[] block(int at, int step, int n, float[] into) {
            if (step == 1) return array;
            if (step == 0) Arrays.fill(into, 0, n, array[at]);
            else for (int i = 0; i < n; i++) into[i] = array[at + i * step];
            return into;
        }
    }

    private static long start(Strided x) {
        return FloatStorage.of(x.data()).offset() + x.offset();
    }

    private static long[] rowMajor(int[] dims) {
        return Shape.of(dims).strides();
    }
}
