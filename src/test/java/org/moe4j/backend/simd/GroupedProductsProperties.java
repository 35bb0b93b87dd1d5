package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.backend.GroupedProduct;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** All products of an expert in one task give the bits of one product after the other, whatever the groups. */
class GroupedProductsProperties {
    @Property(tries = 200)
    void areThoseOneAfterTheOther(@ForAll @IntRange(min = 1, max = 40) int experts, @ForAll @IntRange(max = 24) int rowsEach, @ForAll @IntRange(min = 1, max = 80) int dim,
            @ForAll @IntRange(min = 1, max = 300) int hidden, @ForAll boolean adds, @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll long seed) {
        int rows = experts * rowsEach;
        int[] cuts = IntStream.rangeClosed(0, experts).map(e -> e == 0 || e == experts ? e * rowsEach
            : Math.min(rows, e * rowsEach + CounterRandom.of(seed, "ragged").below(e, rowsEach + 1))).toArray();
        try (Backend on = new SimdBackend(threads)) {
            IntStorage starts = IntStorage.of(cuts);
            float[][] apart = layer(on, starts, experts, rows, dim, hidden, adds, seed, true);
            assertThat(layer(on, starts, experts, rows, dim, hidden, adds, seed, false)).isDeepEqualTo(apart);
        }
    }

    /** What a layer of GELU experts leaves of each pass. */
    private static float[][] layer(Backend on, IntStorage starts, int experts, int rows, int dim, int hidden, boolean adds, long seed, boolean apart) {
        List<Storage> drawn = new ArrayList<>();
        for (long size : new long[] {(long) rows * dim, (long) experts * dim * hidden, (long) experts * dim * hidden, (long) rows * dim, (long) experts * hidden}) {
            drawn.add(normal(on, size, seed, drawn.size()));
        }
        Storage x = drawn.get(0);
        Storage in = drawn.get(1);
        Storage out = drawn.get(2);
        Storage dy = drawn.get(3);
        List<Storage> made = new ArrayList<>();
        for (long size : new long[] {x.size(), (long) rows * hidden, (long) rows * hidden, (long) rows * hidden, x.size(), in.size(), out.size(), (long) rows * hidden}) {
            made.add(normal(on, size, seed, 10 + made.size()));
        }
        Storage h = made.get(1);
        Storage kept = made.get(2);
        Storage dz = made.get(3);
        run(on, starts, apart, List.of(
            new GroupedProduct.Rows(true, hidden, dim, x, in, kept, false, new Epilogue.Layer(drawn.get(4), Unary.GELU, h, true)),
            new GroupedProduct.Rows(true, dim, hidden, h, out, made.get(0), adds, null)));
        run(on, starts, apart, List.of(
            new GroupedProduct.Weights(dim, hidden, dy, h, made.get(6), adds),
            new GroupedProduct.Rows(false, hidden, dim, dy, out, made.get(7), false, new Epilogue.Slope(Unary.GELU, kept, h, dz)),
            new GroupedProduct.Weights(hidden, dim, dz, x, made.get(5), adds),
            new GroupedProduct.Rows(false, dim, hidden, dz, in, made.get(4), adds, null)));
        made.removeLast(); // a product with a slope leaves anything there
        return made.stream().map(each -> {
            float[] values = new float[Math.toIntExact(each.size())];
            each.read(0, values);
            return values;
        }).toArray(float[][]::new);
    }

    private static void run(Backend on, IntStorage starts, boolean apart, List<GroupedProduct> products) {
        if (apart) {
            products.forEach(product -> product.run(on, starts));
        } else {
            on.groupedProducts(starts, products);
        }
    }

    private static Storage normal(Backend on, long size, long seed, int draw) {
        Storage x = on.allocate(size);
        on.normal(CounterRandom.of(seed, "values").at(draw), 1, x);
        return x;
    }
}
