package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;

import org.moe4j.backend.Epilogue;
import org.moe4j.backend.Unary;

/**
 * An {@link Epilogue} of the part of the result that a task computes: the register tiles start from the bias, and the rest is done when the task's
 * rows are complete, along the rows. Panel by panel, while they are nearer, it took longer: pieces of 256 bytes all over the other matrices are what no
 * prefetching expects. All values have the bits that they have where whole storages are computed one operation after the other.
 *
 * @param n the distance of rows in all matrices
 * @param c where the product goes
 * @param bias of all columns; null for none
 * @param rest what is done with the complete rows; null for nothing
 */
record TaskEpilogue(int n, FloatStorage c, FloatStorage bias, Rest rest) {
    static final TaskEpilogue NONE = new TaskEpilogue(0, null, null, null);

    /** What is done with {@code count} values that lie one after the other, the first at {@code place} of each storage. */
    interface Rest {
        void run(int place, int count);
    }

    /** The product goes to {@code whole}, or at once to where its gradient is wanted. */
    static TaskEpilogue of(Epilogue after, int n, FloatStorage whole) {
        return switch (after) {
            case Epilogue.Layer layer -> new TaskEpilogue(n, whole, FloatStorage.of(layer.bias()), layer.f() == null ? null : layer(layer, whole));
            case Epilogue.Slope slope -> new TaskEpilogue(n, FloatStorage.of(slope.dx()), null, slope(slope));
            case Epilogue.Gate gate -> new TaskEpilogue(n, whole, FloatStorage.of(gate.bias()), gate(gate, whole));
            case Epilogue.GateGrad grad -> new TaskEpilogue(n, FloatStorage.of(grad.dup()), null, gateGrad(grad));
        };
    }

    private static Rest layer(Epilogue.Layer layer, FloatStorage c) {
        Unary f = layer.f();
        FloatStorage y = FloatStorage.of(layer.y());
        if (!layer.keep() || !UnarySlope.sharesWithValue(f)) {
            return (at, count) -> Elementwise.value(f, c.array(), c.offset() + at, y.array(), y.offset() + at, count);
        }
        return (at, count) -> Elementwise.valuesAndSlopes(f, c.array(), c.offset() + at, count, (values, slopes, from, each) -> {
            System.arraycopy(values, 0, y.array(), y.offset() + at + from, each);
            System.arraycopy(slopes, 0, c.array(), c.offset() + at + from, each);
        });
    }

    private static Rest slope(Epilogue.Slope slope) {
        Unary f = slope.f();
        FloatStorage kept = FloatStorage.of(slope.kept());
        FloatStorage y = FloatStorage.of(slope.y());
        FloatStorage dx = FloatStorage.of(slope.dx());
        if (UnarySlope.sharesWithValue(f)) {
            return (at, count) -> multiply(kept.array(), kept.offset() + at, dx.array(), dx.offset() + at, count);
        }
        return (at, count) -> Elementwise.slopes(f, kept.array(), kept.offset() + at, y.array(), y.offset() + at, count, (slopes, from, each) ->
                multiply(slopes, 0, dx.array(), dx.offset() + at + from, each));
    }

    private static Rest gate(Epilogue.Gate gate, FloatStorage c) {
        FloatStorage up = FloatStorage.of(gate.up());
        FloatStorage y = FloatStorage.of(gate.y());
        return (at, count) -> {
            Elementwise.value(gate.f(), c.array(), c.offset() + at, y.array(), y.offset() + at, count);
            Runs.multiply(up.array(), up.offset() + at, y.array(), y.offset() + at, count);
        };
    }

    private static Rest gateGrad(Epilogue.GateGrad grad) {
        FloatStorage gate = FloatStorage.of(grad.gate());
        FloatStorage up = FloatStorage.of(grad.up());
        FloatStorage dup = FloatStorage.of(grad.dup());
        FloatStorage dgate = FloatStorage.of(grad.dgate());
        return (at, count) -> Elementwise.valuesAndSlopes(grad.f(), gate.array(), gate.offset() + at, count, (values, slopes, from, each) ->
                gateGrads(values, slopes, up.array(), up.offset() + at + from, dup.array(), dup.offset() + at + from,
                        dgate.array(), dgate.offset() + at + from, each));
    }

    /** The same with the bias of one expert. */
    TaskEpilogue ofExpert(int e) {
        return bias == null ? this : new TaskEpilogue(n, c, new FloatStorage(bias.array(), bias.offset() + e * n, n), rest);
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
        if (rest == null) return;
        boolean together = w == n; // then the rows are one run
        for (int i = 0; i < (together ? 1 : m); i++) rest.run(at - c.offset() + i * n, together ? m * n : w);
    }

    /** y = x y + 0 over n values: no zero is negative, as none is where products are added to zeros. */
    private static void multiply(float[] x, int ix, float[] y, int iy, int n) {
        int i = 0;
        for (; i <= n - L; i += L) fromArray(F, x, ix + i).fma(fromArray(F, y, iy + i), zero(F)).intoArray(y, iy + i);
        for (; i < n; i++) y[iy + i] = Math.fma(x[ix + i], y[iy + i], 0f);
    }

    /** dgate = d up slope + 0 and dup = d value over n values, where d is what dup holds. */
    private static void gateGrads(float[] values, float[] slopes, float[] up, int iu, float[] dup, int id, float[] dgate, int ig, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector d = fromArray(F, dup, id + i);
            d.mul(fromArray(F, up, iu + i)).fma(fromArray(F, slopes, i), zero(F)).intoArray(dgate, ig + i);
            d.mul(fromArray(F, values, i)).intoArray(dup, id + i);
        }
        for (; i < n; i++) {
            float d = dup[id + i];
            dgate[ig + i] = Math.fma(d * up[iu + i], slopes[i], 0f);
            dup[id + i] = d * values[i];
        }
    }
}
