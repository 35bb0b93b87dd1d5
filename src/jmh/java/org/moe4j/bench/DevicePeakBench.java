package org.moe4j.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;

/**
 * The bounds that works on a device are read against, by its own back end: one large matrix product (the vendor's, where its library is there), a
 * copy of a gibibyte, one that its cache holds, and rows of 1 KiB read all over a table of 1 GiB.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class DevicePeakBench {
    private static final int WIDTH = 256;
    private static final int CACHED = 1 << 20; // 4 MiB there and back

    @Param("cuda")
    public String device;
    /** Small sizes, to see that it runs. */
    @Param("false")
    public boolean quick;

    private Backend on;
    private Storage from;
    private Storage to;
    private Storage small;
    private Storage smaller;
    private int side;
    private IntStorage rows;
    private Storage gathered;

    @Setup
    public void open() {
        on = Backends.open(device, 1);
        from = on.allocate(values(quick));
        to = on.allocate(values(quick));
        small = on.allocate(CACHED);
        smaller = on.allocate(CACHED);
        side = side(quick);
        CounterRandom random = CounterRandom.of(1, "rows");
        int[] numbers = new int[rows(quick)];
        Arrays.setAll(numbers, i -> random.below(i, (int) (values(quick) / WIDTH)));
        rows = IntStorage.of(numbers);
        gathered = on.allocate((long) numbers.length * WIDTH);
    }

    @Benchmark
    public double product() {
        on.gemm(false, false, side, side, side, from, from, to, false);
        return to.get(0);
    }

    @Benchmark
    public double copy() {
        on.copy(from, to);
        return to.get(0);
    }

    @Benchmark
    public double cacheCopy() {
        on.copy(small, smaller);
        return smaller.get(0);
    }

    @Benchmark
    public double randomRows() {
        on.gatherRows(from, WIDTH, rows, gathered);
        return gathered.get(0);
    }

    @TearDown
    public void close() {
        on.close();
    }

    /** From the best iterations. */
    static Peaks peaks(Collection<RunResult> runs) {
        Map<String, Double> calls = new HashMap<>();
        boolean quick = false;
        for (RunResult run : runs) {
            quick = run.getParams().getParam("quick").equals("true");
            calls.put(run.getPrimaryResult().getLabel(), 1 / run.getPrimaryResult().getStatistics().getMin());
        }
        double cube = Math.pow(side(quick), 3);
        return new Peaks(2 * cube * calls.get("product"), 2.0 * Float.BYTES * values(quick) * calls.get("copy"),
            2.0 * Float.BYTES * CACHED * calls.get("cacheCopy"), 2.0 * Float.BYTES * WIDTH * rows(quick) * calls.get("randomRows"));
    }

    private static long values(boolean quick) {
        return quick ? 1 << 16 : 1 << 28;
    }

    private static int side(boolean quick) {
        return quick ? 128 : 8192;
    }

    private static int rows(boolean quick) {
        return quick ? 1 << 8 : 1 << 17;
    }
}
