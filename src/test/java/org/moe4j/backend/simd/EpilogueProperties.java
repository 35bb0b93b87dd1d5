package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Whatever is done to a product's blocks gives the bits that it gives to the whole product, one operation after the other. */
class EpilogueProperties {
    @Provide
    Arbitrary<Unary> functions() {
        return Arbitraries.of(Unary.GELU, Unary.GELU_TANH, Unary.RELU, Unary.RELU_SQUARED, Unary.SILU, Unary.MISH, Unary.TANH, Unary.SIGMOID, Unary.elu(0.8),
            Unary.leakyRelu(0.1));
    }

    @Property(tries = 300)
    void ofOneProduct(@ForAll("functions") Unary f, @ForAll @IntRange(min = 1, max = 300) int m, @ForAll @IntRange(min = 1, max = 150) int n,
            @ForAll @IntRange(max = 600) int k, @ForAll boolean transposed, @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll long seed) {
        try (Backend on = new SimdBackend(threads)) {
            Drawn drawn = new Drawn(on, seed);
            Storage a = drawn.values((long) m * k);
            Storage b = drawn.values((long) k * n);
            Storage bias = drawn.values(n);
            Storage whole = on.allocate((long) m * n);
            on.move(new int[] {m, n}, new Strided(bias, 0, new long[] {0, 1}), new Strided(whole, 0, new long[] {n, 1}), false);
            on.gemm(false, transposed, m, n, k, a, b, whole, true);
            Storage product = on.allocate((long) m * n);
            on.gemm(false, transposed, m, n, k, a, b, product, false);
            check(drawn, f, bias, whole, product, (c, after) -> on.gemm(false, transposed, m, n, k, a, b, c, after));
        }
    }

    @Property(tries = 300)
    void ofOneForEachExpert(@ForAll("functions") Unary f, @ForAll @IntRange(min = 1, max = 9) int experts, @ForAll @IntRange(max = 150) int rows,
            @ForAll @IntRange(min = 1, max = 150) int n, @ForAll @IntRange(max = 600) int k, @ForAll boolean transposed, @ForAll @IntRange(min = 1, max = 3) int threads,
            @ForAll long seed) {
        try (Backend on = new SimdBackend(threads)) {
            Drawn drawn = new Drawn(on, seed);
            Storage x = drawn.values((long) rows * k);
            Storage w = drawn.values((long) experts * k * n);
            Storage bias = drawn.values((long) experts * n);
            int[] cuts = IntStream.range(0, experts - 1).map(e -> CounterRandom.of(seed, "cuts").below(e, rows + 1)).sorted().toArray();
            IntStorage starts = IntStorage.of(IntStream.concat(IntStream.concat(IntStream.of(0), IntStream.of(cuts)), IntStream.of(rows)).toArray());
            Storage whole = on.allocate((long) rows * n);
            on.groupedBias(starts, n, bias, whole);
            on.groupedGemm(starts, transposed, n, k, x, w, whole, true);
            Storage product = on.allocate((long) rows * n);
            on.groupedGemm(starts, transposed, n, k, x, w, product, false);
            check(drawn, f, bias, whole, product, (c, after) -> on.groupedGemm(starts, transposed, n, k, x, w, c, after));
        }
    }

    private interface Product {
        void run(Storage c, Epilogue after);
    }

    /** @param whole the product with the bias, of which {@code product} is without */
    private static void check(Drawn drawn, Unary f, Storage bias, Storage whole, Storage product, Product fused) {
        Backend on = drawn.on;
        long size = whole.size();
        Storage y = on.allocate(size);
        on.unary(f, whole, y);
        Storage c = drawn.values(size);
        Storage fusedY = f.slopeFromValue() ? c : drawn.values(size);
        fused.run(c, new Epilogue.Layer(bias, f, fusedY, false));
        same(fusedY, y);
        if (fusedY != c) {
            same(c, whole);
        }
        Storage dx = on.allocate(size);
        on.unaryGrad(f, f.slopeFromValue() ? y : whole, y, product, dx);
        Storage fusedDx = drawn.values(size);
        Storage kept = f.slopeFromValue() ? y : drawn.values(size);
        if (kept != y) {
            fused.run(kept, new Epilogue.Layer(bias, f, fusedY, true));
            same(fusedY, y);
        }
        fused.run(drawn.values(size), new Epilogue.Slope(f, kept, y, fusedDx));
        same(fusedDx, dx);
        checkGate(drawn, f, bias, whole, product, fused);
    }

    private static void checkGate(Drawn drawn, Unary f, Storage bias, Storage whole, Storage product, Product fused) {
        Backend on = drawn.on;
        long size = whole.size();
        Storage up = drawn.values(size);
        Storage gate = drawn.values(size);
        Storage y = on.allocate(size);
        new Epilogue.Gate(bias, f, up, y).finish(on, whole);
        Storage fusedY = drawn.values(size);
        fused.run(gate, new Epilogue.Gate(bias, f, up, fusedY));
        same(fusedY, y);
        same(gate, whole);
        Storage dup = drawn.values(size);
        Storage dgate = drawn.values(size);
        Storage c = on.allocate(size);
        on.copy(product, c);
        new Epilogue.GateGrad(f, whole, up, dup, dgate, drawn.values(size)).finish(on, c);
        Storage fusedDup = drawn.values(size);
        Storage fusedDgate = drawn.values(size);
        fused.run(drawn.values(size), new Epilogue.GateGrad(f, whole, up, fusedDup, fusedDgate, drawn.values(size)));
        same(fusedDup, dup);
        same(fusedDgate, dgate);
    }

    private static void same(Storage given, Storage wanted) {
        float[] all = new float[Math.toIntExact(wanted.size())];
        float[] mine = new float[all.length];
        wanted.read(0, all);
        given.read(0, mine);
        assertThat(mine).isEqualTo(all);
    }

    private static final class Drawn {
        private final Backend on;
        private final CounterRandom random;
        private int draws;

        Drawn(Backend on, long seed) {
            this.on = on;
            random = CounterRandom.of(seed, "drawn");
        }

        Storage values(long size) {
            Storage x = on.allocate(size);
            on.normal(random.at(draws++), 1, x);
            return x;
        }
    }
}
