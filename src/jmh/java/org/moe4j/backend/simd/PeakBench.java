package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the machine can do on one thread: the bounds that the other benchmarks are read against. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PeakBench {
    private static final int STEPS = 10_000;
    private static final int WIDTH = 256;
    private static final int ROWS = 1 << 19; // 512 MiB: far larger than any cache

    private final float[] from = new float[1 << 25];
    private final float[] to = new float[1 << 25];
    private float[] table;
    private final float[] x = new float[WIDTH];
    private final float[] dots = new float[1 << 17];
    private int[] ids;

    @Setup
    public void fill() {
        Random random = new Random(1);
        table = new float[ROWS * WIDTH];
        for (int i = 0; i < table.length; i += 16) table[i] = i;
        ids = random.ints(dots.length, 0, ROWS).toArray();
    }

    /** Twelve independent chains of fused multiply-adds in registers. */
    @Benchmark
    public float fusedMultiplyAdd(Work work) {
        FloatVector a = FloatVector.broadcast(F, from[0] + 1.0001f);
        FloatVector b = FloatVector.broadcast(F, from[1] + 0.0001f);
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
        work.flops += 2L * 12 * L * STEPS;
        return c0.add(c1).add(c2).add(c3).add(c4).add(c5).add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }

    @Benchmark
    public float[] copy(Work work) {
        System.arraycopy(from, 0, to, 0, from.length);
        work.bytes += 2L * Float.BYTES * from.length;
        return to;
    }

    /** Dot products with random rows of 1 KiB. */
    @Benchmark
    public float[] randomRows(Work work) {
        TableRows.dots(x, 0, table, 0, WIDTH, ids, 0, ids.length, dots, 0, false);
        work.bytes += (long) Float.BYTES * WIDTH * ids.length;
        return dots;
    }
}
