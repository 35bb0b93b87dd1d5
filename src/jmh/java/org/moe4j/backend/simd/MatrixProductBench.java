package org.moe4j.backend.simd;

import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** c (m,n) = a (m,k) · b (k,n): square and skinny, on one thread beside OpenBLAS on one thread. */
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class MatrixProductBench {
    @Param({"256x256x256", "512x512x512", "1024x1024x1024", "2048x2048x2048", "16x1024x256", "64x1024x256", "64x256x1024"})
    private String shape;

    private int m;
    private int n;
    private int k;
    private float[] a;
    private float[] b;
    private float[] c;
    private Team team;

    @Setup
    public void fill() {
        String[] sizes = shape.split("x");
        m = Integer.parseInt(sizes[0]);
        n = Integer.parseInt(sizes[1]);
        k = Integer.parseInt(sizes[2]);
        a = normals(m * k, 1);
        b = normals(k * n, 2);
        c = new float[m * n];
        team = new Team(1);
        Tiles.introduce();
    }

    static float[] normals(int n, int seed) {
        Random random = new Random(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextGaussian();
        return x;
    }

    @TearDown(Level.Trial)
    public void close() {
        team.close();
    }

    @Benchmark
    public float[] ours(Work work) {
        return ours(work, false, false);
    }

    /** b stored (n,k). */
    @Benchmark
    public float[] oursTransposedB(Work work) {
        return ours(work, false, true);
    }

    /** a stored (k,m). */
    @Benchmark
    public float[] oursTransposedA(Work work) {
        return ours(work, true, false);
    }

    private float[] ours(Work work, boolean ta, boolean tb) {
        Sgemm.multiply(team, ta, tb, m, n, k, a, 0, ta ? m : k, b, 0, tb ? k : n, c, 0, n, false);
        work.flops += 2L * m * n * k;
        return c;
    }

    /** The library is loaded here, so that only this benchmark fails, with a sentence, where it is missing. */
    @State(Scope.Benchmark)
    public static class Library {
        final OpenBlas blas = new OpenBlas();
    }

    @Benchmark
    public float[] openBlas(Library library, Work work) throws Throwable {
        library.blas.multiply(m, n, k, a, 0, b, 0, c);
        work.flops += 2L * m * n * k;
        return c;
    }
}
