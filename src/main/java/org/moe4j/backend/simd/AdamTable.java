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
        /** Values of each of the three that are widened at once: with their gradients, the first-level cache. */
        private static final int TOGETHER = 2048;

        private final HalfStorage p;
        private final HalfStorage m;
        private final HalfStorage v;

        Half(AdamStep step, int width, HalfStorage p, HalfStorage m, HalfStorage v) {
            super(step, width);
            this.p = p;
            this.m = m;
            this.v = v;
        }

        @Override
        void step(HostInts rows, int from, int to, float[] g, int ig) {
            int each = Math.max(1, TOGETHER / Math.max(1, width));
            int size = each * width;
            float[] wide = Scratch.mine().wide(3 * size);
            for (int u = from; u < to; u += each) {
                int end = Math.min(to, u + each);
                for (int r = u; r < end; r++) {
                    int at = rows.get(r) * width;
                    int iw = (r - u) * width;
                    if (at < 0) continue;
                    Halves.widen(p.array(), p.offset() + at, wide, iw, width);
                    Halves.widen(m.array(), m.offset() + at, wide, size + iw, width);
                    Halves.widen(v.array(), v.offset() + at, wide, 2 * size + iw, width);
                }
                Adam.step(step, wide, 0, g, ig + (u - from) * width, wide, size, wide, 2 * size, (end - u) * width);
                for (int r = u; r < end; r++) {
                    int at = rows.get(r) * width;
                    if (at >= 0) keep(at, wide, (r - u) * width, size);
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
