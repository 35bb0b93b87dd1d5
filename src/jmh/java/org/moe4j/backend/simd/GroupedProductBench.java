package org.moe4j.backend.simd;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** 64 experts of 256 by 1024, each with some tokens, on one thread: forward, and both gradients. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class GroupedProductBench {
    private static final int EXPERTS = 64;
    private static final int WIDTH = 256;
    private static final int HIDDEN = 1024;

    @Param({"16", "32", "64"})
    private int tokens;

    private final Team team = new Team(1);
    private final int[] starts = new int[EXPERTS + 1];
    private float[] x;
    private float[] w;
    private float[] y;

    @Setup
    public void fill() {
        for (int e = 0; e < EXPERTS; e++) starts[e + 1] = starts[e] + tokens;
        x = MatrixProductBench.normals(EXPERTS * tokens * WIDTH, 1);
        w = MatrixProductBench.normals(EXPERTS * WIDTH * HIDDEN, 2);
        y = MatrixProductBench.normals(EXPERTS * tokens * HIDDEN, 3);
        Tiles.introduce();
    }

    private float[] counted(Work work, float[] result) {
        work.flops += 2L * EXPERTS * tokens * WIDTH * HIDDEN;
        return result;
    }

    @Benchmark
    public float[] forward(Work work) {
        GroupedSgemm.multiply(team, starts, false, HIDDEN, WIDTH, x, 0, w, 0, y, 0, false);
        return counted(work, y);
    }

    @Benchmark
    public float[] inputGradient(Work work) {
        GroupedSgemm.multiply(team, starts, true, WIDTH, HIDDEN, y, 0, w, 0, x, 0, false);
        return counted(work, x);
    }

    @Benchmark
    public float[] weightGradient(Work work) {
        GroupedSgemm.weights(team, starts, WIDTH, HIDDEN, x, 0, y, 0, w, 0);
        return counted(work, w);
    }

    @Benchmark
    public float[] openBlasForward(MatrixProductBench.Library library, Work work) throws Throwable {
        for (int e = 0; e < EXPERTS; e++) library.blas.multiply(tokens, HIDDEN, WIDTH, x, starts[e], w, e * WIDTH * HIDDEN, y);
        return counted(work, y);
    }
}
