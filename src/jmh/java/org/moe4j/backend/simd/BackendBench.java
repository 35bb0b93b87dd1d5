package org.moe4j.backend.simd;

import org.moe4j.backend.AdamStep;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Elementwise functions, attention, and the retrieval step of a million single-neuron experts, on some threads. */
@State(Scope.Benchmark)
@Fork(value = 1, jvmArgsAppend = "-Xmx6g")
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class BackendBench {
    @Param({"1", "2"})
    private int threads;

    private SimdBackend on;

    @Setup
    public void open() {
        on = new SimdBackend(threads);
    }

    private static Storage normals(SimdBackend on, int n, String purpose) {
        Storage x = on.allocate(n);
        on.normal(CounterRandom.of(1, purpose), 1, x);
        return x;
    }

    /** 256 Ki values, beyond the first two caches. */
    @State(Scope.Benchmark)
    public static class Values {
        static final int N = 1 << 18;
        Storage x;
        Storage y;

        @Setup
        public void fill(BackendBench bench) {
            x = normals(bench.on, N, "x");
            y = bench.on.allocate(N);
        }
    }

    private Storage unary(Unary f, Values values, Work work) {
        on.unary(f, values.x, values.y);
        work.bytes += 2L * Float.BYTES * Values.N;
        return values.y;
    }

    @Benchmark
    public Storage exp(Values values, Work work) {
        return unary(Unary.EXP, values, work);
    }

    @Benchmark
    public Storage gelu(Values values, Work work) {
        return unary(Unary.GELU, values, work);
    }

    @Benchmark
    public Storage tanh(Values values, Work work) {
        return unary(Unary.TANH, values, work);
    }

    @Benchmark
    public Storage softmax(Values values, Work work) {
        on.softmax(values.x, Values.N / 1024, 1024, values.y);
        work.bytes += 2L * Float.BYTES * Values.N;
        return values.y;
    }

    /** 4 sequences of 512, 8 heads of 64. */
    @State(Scope.Benchmark)
    public static class Heads {
        final AttentionShape shape = new AttentionShape(4, 512, 8, 8, 64, 0.125);
        final int n = 4 * 512 * 8 * 64;
        final long flops = 2L * 4 * 8 * 64 * 512 * 513; // q·k and p·v over the lower triangle
        Storage q;
        Storage k;
        Storage v;
        Storage y;
        Storage lse;
        Storage dq;
        Storage dk;
        Storage dv;

        @Setup
        public void fill(BackendBench bench) {
            q = normals(bench.on, n, "q");
            k = normals(bench.on, n, "k");
            v = normals(bench.on, n, "v");
            y = bench.on.allocate(n);
            lse = bench.on.allocate(4 * 8 * 512);
            dq = bench.on.allocate(n);
            dk = bench.on.allocate(n);
            dv = bench.on.allocate(n);
        }
    }

    @Benchmark
    public Storage attention(Heads h, Work work) {
        on.attention(h.shape, h.q, h.k, h.v, null, h.y, h.lse);
        work.flops += h.flops;
        return h.y;
    }

    /** Forward again, then the gradient, which computes five products to the forward's two. */
    @Benchmark
    public Storage attentionAndGradient(Heads h, Work work) {
        on.attention(h.shape, h.q, h.k, h.v, null, h.y, h.lse);
        on.attentionGrad(h.shape, h.q, h.k, h.v, null, h.y, h.lse, h.q, h.dq, h.dk, h.dv, null);
        work.flops += h.flops * 7 / 2;
        return h.dq;
    }

    /** PEER's tables: 2^18 experts of width 256 (a quarter million, to fit a small machine), 512 tokens, 8 heads, top 16. */
    @State(Scope.Benchmark)
    public static class Experts {
        static final int SIDE = 512;
        static final int WIDTH = 256;
        static final int TOKENS = 512;
        static final int HEADS = 8;
        static final int CHOSEN = 16;
        final AdamStep step = new AdamStep(1e-4, 0.9, 0.999, 1e-8, 1, 1, 0);
        final int[] ids = new int[TOKENS * HEADS * CHOSEN];
        Storage down;
        Storage up;
        Storage downMean;
        Storage downSquare;
        Storage x;
        Storage left;
        Storage right;
        Storage scores;
        Storage hidden;
        Storage y;
        Storage grad;

        @Setup
        public void fill(BackendBench bench) {
            int table = SIDE * SIDE * WIDTH;
            down = normals(bench.on, table, "down");
            up = normals(bench.on, table, "up");
            downMean = bench.on.allocate(table);
            downSquare = bench.on.allocate(table);
            x = normals(bench.on, TOKENS * WIDTH, "tokens");
            left = normals(bench.on, TOKENS * HEADS * SIDE, "left");
            right = normals(bench.on, TOKENS * HEADS * SIDE, "right");
            scores = bench.on.allocate(ids.length);
            hidden = bench.on.allocate(ids.length);
            y = bench.on.allocate(TOKENS * WIDTH);
            grad = bench.on.allocate(ids.length * WIDTH);
        }
    }

    @Benchmark
    public Storage peerForward(Experts e, Work work) {
        on.productTopK(e.left, e.right, Experts.TOKENS * Experts.HEADS, Experts.SIDE, Experts.CHOSEN, Experts.CHOSEN, e.scores, e.ids);
        int perToken = Experts.HEADS * Experts.CHOSEN;
        on.gatherDot(e.x, e.down, Experts.WIDTH, e.ids, perToken, e.hidden, false);
        on.gatherSum(e.hidden, e.up, Experts.WIDTH, e.ids, perToken, e.y, false);
        work.bytes += 2L * Float.BYTES * Experts.WIDTH * e.ids.length;
        return e.y;
    }

    /** The gradient of one table and Adam on the rows it touches. */
    @Benchmark
    public Storage peerUpdate(Experts e, Work work) {
        on.productTopK(e.left, e.right, Experts.TOKENS * Experts.HEADS, Experts.SIDE, Experts.CHOSEN, Experts.CHOSEN, e.scores, e.ids);
        RowIndex index = RowIndex.of(e.ids);
        Storage grad = e.grad.slice(0, (long) index.count() * Experts.WIDTH);
        on.fill(grad, 0);
        on.rowGradient(index, e.hidden, e.x, Experts.HEADS * Experts.CHOSEN, Experts.WIDTH, grad);
        on.adamRows(e.step, index.rows(), Experts.WIDTH, e.down, grad, e.downMean, e.downSquare);
        work.bytes += 6L * Float.BYTES * Experts.WIDTH * index.count();
        return e.down;
    }
}
