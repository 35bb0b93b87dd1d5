package org.moe4j.backend.simd;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.moe4j.backend.HalfStorage;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.NormalBlock;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;

/** Whole storages, of float32 or bfloat16 values: filled, copied, drawn at random and summed, in chunks. */
final class Values {
    private Values() {}

    static void fill(Team team, Storage storage, double value) {
        if (storage instanceof HalfStorage h) {
            team.chunks(h.length(), (at, n) -> Arrays.fill(h.array(), h.offset() + at, h.offset() + at + n, Bfloat16.nearest((float) value)));
            return;
        }
        FloatStorage x = FloatStorage.of(storage);
        team.chunks(x.length(), (at, n) -> Arrays.fill(x.array(), x.offset() + at, x.offset() + at + n, (float) value));
    }

    static void copy(Team team, Storage from, Storage to) {
        if (from.type() == to.type() && !(from instanceof FloatStorage && to instanceof FloatStorage)) {
            copySegments(team, from.segment(), to.segment());
        } else if (from instanceof HalfStorage x) {
            FloatStorage y = FloatStorage.of(to);
            team.chunks(x.length(), (at, n) -> Halves.widen(x.array(), x.offset() + at, y.array(), y.offset() + at, n));
        } else {
            FloatStorage x = FloatStorage.of(from);
            write(team, to, (at, n, y, iy) -> System.arraycopy(x.array(), x.offset() + at, y, iy, n));
        }
    }

    /** Between arrays, or to or from a store of rows. */
    private static void copySegments(Team team, MemorySegment x, MemorySegment y) {
        long piece = (long) Team.CHUNK * Float.BYTES;
        team.parallel(Math.toIntExact(Math.ceilDiv(x.byteSize(), piece)), i ->
                MemorySegment.copy(x, i * piece, y, i * piece, Math.min(piece, x.byteSize() - i * piece)));
    }

    /** y = x, rounded at random as places {@code first} and on of a table are. */
    static void copyAtRandom(Team team, FloatStorage x, StochasticRounding rounding, int first, HalfStorage y) {
        team.chunks(x.length(), (at, n) ->
                Halves.atRandom(rounding, first + at, x.array(), x.offset() + at, y.array(), y.offset() + at, n));
    }

    static void uniform(Team team, CounterRandom random, double low, double high, Storage to) {
        write(team, to, (at, n, y, iy) -> {
            for (int i = 0; i < n; i++) y[iy + i] = (float) (low + (high - low) * random.uniform(at + i));
        });
    }

    static void normal(Team team, CounterRandom random, double deviation, Storage to) {
        write(team, to, (at, n, y, iy) -> {
            NormalBlock block = Scratch.mine().normals();
            for (int from = 0; from < n; from += NormalBlock.SIZE) {
                int size = Math.min(NormalBlock.SIZE, n - from);
                double[] z = block.of(random, at + from, size);
                for (int i = 0; i < size; i++) y[iy + from + i] = (float) (deviation * z[i]);
            }
        });
    }

    /** The sums of chunks in their order, whatever the number of threads. */
    static double sumOfSquares(Team team, Storage storage) {
        int size = Math.toIntExact(storage.size());
        double[] parts = new double[Sgemm.blocks(size, Team.CHUNK)];
        if (storage instanceof HalfStorage h) {
            team.chunks(size, (at, n) -> {
                float[] wide = Scratch.mine().wide(n);
                Halves.widen(h.array(), h.offset() + at, wide, 0, n);
                parts[at / Team.CHUNK] = Runs.sumOfSquares(wide, 0, n);
            });
        } else {
            FloatStorage x = FloatStorage.of(storage);
            team.chunks(size, (at, n) -> parts[at / Team.CHUNK] = Runs.sumOfSquares(x.array(), x.offset() + at, n));
        }
        double sum = 0;
        for (double part : parts) sum += part;
        return sum;
    }

    /** Writes values {@code at} and on, n of them, to y from {@code iy} on. */
    private interface Source {
        void write(int at, int n, float[] y, int iy);
    }

    /** In place, or by way of working memory where they are rounded to the nearest. */
    private static void write(Team team, Storage to, Source source) {
        if (to instanceof HalfStorage h) {
            team.chunks(h.length(), (at, n) -> {
                float[] wide = Scratch.mine().wide(n);
                source.write(at, n, wide, 0);
                Halves.nearest(wide, 0, h.array(), h.offset() + at, n);
            });
        } else {
            FloatStorage y = FloatStorage.of(to);
            team.chunks(y.length(), (at, n) -> source.write(at, n, y.array(), y.offset() + at));
        }
    }
}
