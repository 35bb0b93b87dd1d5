package org.moe4j.bench;

import java.util.concurrent.TimeUnit;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.moe4j.tensor.CounterRandom;
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

/** What this machine can do: multiply-adds in registers, copying, and gathering rows at random from a table far larger than the caches. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PeakBench {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int ROUNDS = 100_000;
    private static final int CHAINS = 10;
    private static final int COPIED = 16 << 20;
    /** PEER's row: 256 floats. */
    private static final int WIDTH = 256;
    private static final int TABLE_ROWS = 1 << 18;
    private static final int GATHERED = 8192;

    private final float[] from = new float[COPIED];
    private final float[] to = new float[COPIED];
    private final float[] table = new float[TABLE_ROWS * WIDTH];
    private final float[] gathered = new float[GATHERED * WIDTH];
    private final int[] rows = new int[GATHERED];
    private long round;

    /** Touches every page. */
    @Setup
    public void fill() {
        java.util.Arrays.fill(from, 1);
        java.util.Arrays.fill(table, 1);
    }

    /** Ten independent chains: enough to hide the latency of a multiply-add on two ports. */
    @Benchmark
    public float multiplyAdd(Work work) {
        FloatVector x = FloatVector.broadcast(F, 0.999f);
        FloatVector y = FloatVector.broadcast(F, 1e-3f);
        FloatVector s0 = y;
        FloatVector s1 = y;
        FloatVector s2 = y;
        FloatVector s3 = y;
        FloatVector s4 = y;
        FloatVector s5 = y;
        FloatVector s6 = y;
        FloatVector s7 = y;
        FloatVector s8 = y;
        FloatVector s9 = y;
        for (int i = 0; i < ROUNDS; i++) {
            s0 = s0.fma(x, y);
            s1 = s1.fma(x, y);
            s2 = s2.fma(x, y);
            s3 = s3.fma(x, y);
            s4 = s4.fma(x, y);
            s5 = s5.fma(x, y);
            s6 = s6.fma(x, y);
            s7 = s7.fma(x, y);
            s8 = s8.fma(x, y);
            s9 = s9.fma(x, y);
        }
        work.flops += 2L * CHAINS * F.length() * ROUNDS;
        return s0.add(s1).add(s2).add(s3).add(s4).add(s5).add(s6).add(s7).add(s8).add(s9).lane(0);
    }

    /** Reads and writes count both. */
    @Benchmark
    public float[] copy(Work work) {
        System.arraycopy(from, 0, to, 0, COPIED);
        work.bytes += 2L * Float.BYTES * COPIED;
        return to;
    }

    /** Only the reads count: what is written stays in the cache. */
    @Benchmark
    public float[] gatherRows(Work work) {
        CounterRandom random = CounterRandom.of(round++, "rows");
        for (int i = 0; i < GATHERED; i++) {
            rows[i] = random.below(i, TABLE_ROWS);
        }
        for (int i = 0; i < GATHERED; i++) {
            System.arraycopy(table, rows[i] * WIDTH, gathered, i % 64 * WIDTH, WIDTH);
        }
        work.bytes += (long) Float.BYTES * WIDTH * GATHERED;
        work.rows += GATHERED;
        return gathered;
    }
}
