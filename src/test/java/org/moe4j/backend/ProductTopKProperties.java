package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;

import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The retrieval of product keys is exact: it finds what a search over all n·n keys finds (Lample et al. 2019, section 3.1). */
class ProductTopKProperties {
    private final Backend on = new ReferenceBackend();

    @Property(tries = 200, seed = "1")
    void equalsASearchOverAllPairs(@ForAll @IntRange(min = 1, max = 4) int rows, @ForAll @IntRange(min = 1, max = 20) int n, @ForAll @IntRange(min = 1, max = 12) int most,
            @ForAll boolean ties, @ForAll long seed) {
        int k = Math.min(most, n);
        Storage a = sides(seed, "a", rows * n, ties);
        Storage b = sides(seed, "b", rows * n, ties);
        Storage values = on.allocate((long) rows * k);
        int[] ids = new int[rows * k];
        on.productTopK(a, b, rows, n, k, k, values, IntStorage.of(ids));

        Storage all = on.allocate((long) rows * n * n);
        for (int i = 0; i < all.size(); i++) {
            int row = i / (n * n);
            all.set(i, a.get(row * n + i / n % n) + b.get(row * n + i % n));
        }
        Storage expectedValues = on.allocate((long) rows * k);
        int[] expected = new int[rows * k];
        on.topK(all, rows, n * n, k, expectedValues, IntStorage.of(expected));
        assertThat(ids).containsExactly(expected);
        assertThat(IntStream.range(0, ids.length).mapToObj(values::get)).containsExactlyElementsOf(IntStream.range(0, ids.length).mapToObj(expectedValues::get).toList());
    }

    private Storage sides(long seed, String side, int size, boolean ties) {
        CounterRandom random = CounterRandom.of(seed, side);
        Storage x = on.allocate(size);
        for (int i = 0; i < size; i++) {
            x.set(i, ties ? random.below(i, 4) : random.normal(i));
        }
        return x;
    }
}
