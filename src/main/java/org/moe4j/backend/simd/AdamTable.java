package org.moe4j.backend.simd;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.HalfStorage;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/**
 * Rows of a table and of its two moments on their way through {@link Adam}. A few rows are touched before their step, a value of every cache line, all
 * in step: memory then answers with as many lines in flight as the core can have, where between two rows' steps the arithmetic takes their place in the reorder buffer.
 */
abstract sealed class AdamTable<S extends Storage> {
    /** Bytes of rows that are touched together: well within the first-level cache, with the gradients beside them. */
    private static final int TOUCHED = 12 << 10;
    private static final int LINE = 64;

    final AdamConstants adam;
    final int width;
    final S p;
    final S m;
    final S v;

    private AdamTable(AdamConstants adam, int width, S p, S m, S v) {
        this.adam = adam;
        this.width = width;
        this.p = p;
        this.m = m;
        this.v = v;
    }

    static AdamTable<?> of(AdamStep step, int width, Storage p, Storage m, Storage v) {
        AdamConstants adam = new AdamConstants(step);
        if (p.type() == ValueType.BFLOAT16) return new Half(adam, step.rounding(), width, (HalfStorage) p, (HalfStorage) m, (HalfStorage) v);
        return new Single(adam, width, FloatStorage.of(p), FloatStorage.of(m), FloatStorage.of(v));
    }

    /** Rows {@code from} to {@code to} of a list of rows, the gradients of which stand one after the other from {@code ig} on. */
    final void step(HostInts rows, int from, int to, float[] g, int ig) {
        int together = TOUCHED / Math.max(1, 3 * width * valueBytes());
        Scratch mine = Scratch.mine();
        for (int u = from; u < to; u++) {
            if (together > 1 && (u - from) % together == 0) mine.touched += touch(rows, u, Math.min(to, u + together));
            if (rows.get(u) >= 0) row(rows.get(u) * width, g, ig + (u - from) * width);
        }
    }

    abstract int valueBytes();

    /** Reads a value of every line of some rows. Returns something made of them, so that the reading isn't optimised away. */
    abstract float touch(HostInts rows, int from, int to);

    /** The row whose values start at place {@code at} of the table. */
    abstract void row(int at, float[] g, int ig);

    private static final class Single extends AdamTable<FloatStorage> {
        Single(AdamConstants adam, int width, FloatStorage p, FloatStorage m, FloatStorage v) {
            super(adam, width, p, m, v);
        }

        @Override
        int valueBytes() {
            return Float.BYTES;
        }

        @Override
        float touch(HostInts rows, int from, int to) {
            float sum = 0;
            for (int i = 0; i < width; i += LINE / Float.BYTES) {
                for (int u = from; u < to; u++) {
                    int at = rows.get(u) * width + i;
                    if (at >= 0) sum += p.array()[p.offset() + at] + m.array()[m.offset() + at] + v.array()[v.offset() + at];
                }
            }
            return sum;
        }

        @Override
        void row(int at, float[] g, int ig) {
            Adam.step(adam, p.array(), p.offset() + at, g, ig, m.array(), m.offset() + at, v.array(), v.offset() + at, width);
        }
    }

    private static final class Half extends AdamTable<HalfStorage> {
        private final StochasticRounding rounding;

        /** @param rounding null for the nearest */
        Half(AdamConstants adam, StochasticRounding rounding, int width, HalfStorage p, HalfStorage m, HalfStorage v) {
            super(adam, width, p, m, v);
            this.rounding = rounding;
        }

        @Override
        int valueBytes() {
            return Short.BYTES;
        }

        @Override
        float touch(HostInts rows, int from, int to) {
            int sum = 0;
            for (int i = 0; i < width; i += LINE / Short.BYTES) {
                for (int u = from; u < to; u++) {
                    int at = rows.get(u) * width + i;
                    if (at >= 0) sum += p.array()[p.offset() + at] + m.array()[m.offset() + at] + v.array()[v.offset() + at];
                }
            }
            return sum;
        }

        @Override
        void row(int at, float[] g, int ig) {
            int done = rounding == null ? 0
                    : HalfAdam.step(adam, rounding, at, p.array(), p.offset() + at, g, ig, m.array(), m.offset() + at, v.array(), v.offset() + at, width);
            if (done < width) widened(at + done, g, ig + done, width - done);
        }

        /** By way of working memory: what is rounded to the nearest, and what no vector holds. */
        private void widened(int at, float[] g, int ig, int n) {
            float[] wide = Scratch.mine().wide(3 * n);
            Halves.widen(p.array(), p.offset() + at, wide, 0, n);
            Halves.widen(m.array(), m.offset() + at, wide, n, n);
            Halves.widen(v.array(), v.offset() + at, wide, 2 * n, n);
            Adam.step(adam, wide, 0, g, ig, wide, n, wide, 2 * n, n);
            Halves.nearest(wide, n, m.array(), m.offset() + at, n);
            if (rounding == null) {
                Halves.nearest(wide, 0, p.array(), p.offset() + at, n);
                Halves.nearest(wide, 2 * n, v.array(), v.offset() + at, n);
            } else {
                Halves.atRandom(rounding, at, wide, 0, p.array(), p.offset() + at, n);
                for (int i = 0; i < n; i++) v.array()[v.offset() + at + i] = Bfloat16.atRandom(wide[2 * n + i], rounding.lower(at + i));
            }
        }
    }
}
