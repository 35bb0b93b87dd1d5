package org.moe4j.backend.simd;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.HalfStorage;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** Rows of a table and of its two moments on their way through {@link Adam}: in place in float32, widened a few at a time in bfloat16. */
abstract sealed class AdamTable {
    final AdamStep step;
    final int width;

    private AdamTable(AdamStep step, int width) {
        this.step = step;
        this.width = width;
    }

    static AdamTable of(AdamStep step, int width, Storage p, Storage m, Storage v) {
        if (p.type() == ValueType.BFLOAT16) return new Half(step, width, (HalfStorage) p, (HalfStorage) m, (HalfStorage) v);
        return new Single(step, width, FloatStorage.of(p), FloatStorage.of(m), FloatStorage.of(v));
    }

    /** Rows {@code from} to {@code to} of a list of rows, the gradients of which stand one after the other from {@code ig} on. */
    abstract void step(HostInts rows, int from, int to, float[] g, int ig);

    private static final class Single extends AdamTable {
        private final FloatStorage p;
        private final FloatStorage m;
        private final FloatStorage v;

        Single(AdamStep step, int width, FloatStorage p, FloatStorage m, FloatStorage v) {
            super(step, width);
            this.p = p;
            this.m = m;
            this.v = v;
        }

        @Override
        void step(HostInts rows, int from, int to, float[] g, int ig) {
            for (int u = from; u < to; u++) {
                int at = rows.get(u) * width;
                if (at < 0) continue;
                Adam.step(step, p.array(), p.offset() + at, g, ig + (u - from) * width, m.array(), m.offset() + at, v.array(), v.offset() + at, width);
            }
        }
    }

    private static final class Half extends AdamTable {
        private final HalfStorage p;
        private final HalfStorage m;
        private final HalfStorage v;

        Half(AdamStep step, int width, HalfStorage p, HalfStorage m, HalfStorage v) {
            super(step, width);
            this.p = p;
            this.m = m;
            this.v = v;
        }

        /** Eight rows at a time, which with their gradients stay in the first-level cache. */
        @Override
        void step(HostInts rows, int from, int to, float[] g, int ig) {
            int size = Halves.TOGETHER * width;
            float[] wide = Scratch.mine().wide(3 * size);
            int[] eight = Scratch.mine().rows(Halves.TOGETHER);
            for (int u = from; u < to && p.length() > 0; u += Halves.TOGETHER) {
                int count = Math.min(Halves.TOGETHER, to - u);
                for (int i = 0; i < Halves.TOGETHER; i++) eight[i] = Math.max(0, rows.get(u + Math.min(i, count - 1))); // what is too much is read and left
                Halves.widenEight(p.array(), p.offset(), eight, 0, wide, 0, width);
                Halves.widenEight(m.array(), m.offset(), eight, 0, wide, size, width);
                Halves.widenEight(v.array(), v.offset(), eight, 0, wide, 2 * size, width);
                Adam.step(step, wide, 0, g, ig + (u - from) * width, wide, size, wide, 2 * size, count * width);
                for (int i = 0; i < count; i++) {
                    if (rows.get(u + i) >= 0) keep(rows.get(u + i) * width, wide, i * width, size);
                }
            }
        }

        private void keep(int at, float[] wide, int iw, int size) {
            Halves.nearest(wide, size + iw, m.array(), m.offset() + at, width);
            if (step.rounding() == null) {
                Halves.nearest(wide, iw, p.array(), p.offset() + at, width);
                Halves.nearest(wide, 2 * size + iw, v.array(), v.offset() + at, width);
            } else {
                Halves.atRandom(step.rounding(), at, wide, iw, p.array(), p.offset() + at, wide, 2 * size + iw, v.array(), v.offset() + at, width);
            }
        }
    }
}
