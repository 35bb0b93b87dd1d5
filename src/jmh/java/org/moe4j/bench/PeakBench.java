package org.moe4j.bench;

import java.util.Random;
import java.util.concurrent.TimeUnit;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The bounds that every work is read against. They run on as many callers as there are threads, each with memory of its own but for the table. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class PeakBench {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int L = F.length();
    private static final int STEPS = 10_000;
    private static final int CHAINS = 12; // latency 4 times two units, and some
    private static final int LARGE = 1 << 25; // 128 MiB
    private static final int SMALL = 1 << 15; // 128 KiB: two of them fit the second cache
    private static final int WIDTH = 256;
    private static final int TABLE_ROWS = 1 << 20; // 1 GiB: a table of PEER
    private static final int READ = 1 << 16; // rows a call: 512 tokens, 8 heads, 16 chosen

    /** FLOPs of a call. */
    static final double FLOPS = 2.0 * CHAINS * L * STEPS;
    /** Bytes of a call. */
    static final double COPIED = 2.0 * Float.BYTES * LARGE;
    /** Bytes of a call. */
    static final double COPIED_IN_CACHE = 2.0 * Float.BYTES * SMALL;
    /** Bytes of a call. */
    static final double GATHERED = (double) Float.BYTES * WIDTH * READ;

    /** A caller's own buffers. */
    @State(Scope.Thread)
    public static class Buffers {
        private final float[] from = new float[LARGE];
        private final float[] to = new float[LARGE];
        private final int[] rows = new Random(Thread.currentThread().threadId()).ints(READ, 0, TABLE_ROWS).toArray();
    }

    /** The table that all callers read. */
    @State(Scope.Benchmark)
    public static class Table {
        private final float[] values = new float[TABLE_ROWS * WIDTH];

        @Setup
        public void touch() {
            for (int i = 0; i < values.length; i += L) {
                values[i] = i;
            }
        }
    }

    private float[] factors;

    @Setup
    public void factors() {
        factors = new float[] {1.0001f, 0.0001f};
    }

    /** Independent chains of fused multiply-adds in registers. */
    @Benchmark
    public float fusedMultiplyAdd() {
        FloatVector a = FloatVector.broadcast(F, factors[0]);
        FloatVector b = FloatVector.broadcast(F, factors[1]);
        FloatVector c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (int i = 0; i < STEPS; i++) {
            c0 = c0.fma(a, b);
            c1 = c1.fma(a, b);
            c2 = c2.fma(a, b);
            c3 = c3.fma(a, b);
            c4 = c4.fma(a, b);
            c5 = c5.fma(a, b);
            c6 = c6.fma(a, b);
            c7 = c7.fma(a, b);
            c8 = c8.fma(a, b);
            c9 = c9.fma(a, b);
            c10 = c10.fma(a, b);
            c11 = c11.fma(a, b);
        }
        return c0.add(c1).add(c2).add(c3).add(c4).add(c5).add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }

    @Benchmark
    public float[] copy(Buffers mine) {
        System.arraycopy(mine.from, 0, mine.to, 0, LARGE);
        return mine.to;
    }

    @Benchmark
    public float[] cacheCopy(Buffers mine) {
        System.arraycopy(mine.from, 0, mine.to, 0, SMALL);
        return mine.to;
    }

    /** Four rows at once, so that four misses are in flight; summed up, so that reading is all there is to do. */
    @Benchmark
    public float randomRows(Buffers mine, Table table) {
        float[] values = table.values;
        int[] rows = mine.rows;
        FloatVector s0 = FloatVector.zero(F), s1 = s0, s2 = s0, s3 = s0;
        for (int i = 0; i < READ; i += 4) {
            int r0 = rows[i] * WIDTH;
            int r1 = rows[i + 1] * WIDTH;
            int r2 = rows[i + 2] * WIDTH;
            int r3 = rows[i + 3] * WIDTH;
            for (int j = 0; j < WIDTH; j += L) {
                s0 = s0.add(FloatVector.fromArray(F, values, r0 + j));
                s1 = s1.add(FloatVector.fromArray(F, values, r1 + j));
                s2 = s2.add(FloatVector.fromArray(F, values, r2 + j));
                s3 = s3.add(FloatVector.fromArray(F, values, r3 + j));
            }
        }
        return s0.add(s1).add(s2.add(s3)).lane(0);
    }
}
