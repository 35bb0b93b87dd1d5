package org.moe4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class RowIndexProperties {
    /** Up to 32 bits of row number, so that every pass of the radix sort is used; long and short lists, dense and sparse rows. */
    @Property(tries = 300, seed = "1")
    void equalsANaiveGrouping(@ForAll @IntRange(max = 1500) int count, @ForAll @IntRange(max = 31) int rowBits,
            @ForAll @IntRange(min = 1, max = 5) int parts, @ForAll long seed) {
        CounterRandom random = CounterRandom.of(seed, "rows");
        int[] ids = IntStream.range(0, count).map(p -> random.below(2L * p, 8) == 0 ? -1 : (int) (random.bits(2L * p + 1) >>> 1 >>> (63 - rowBits))).toArray();

        TreeMap<Integer, List<Integer>> places = new TreeMap<>();
        for (int p = 0; p < count; p++) {
            if (ids[p] >= 0) {
                places.computeIfAbsent(ids[p], _ -> new ArrayList<>()).add(p);
            }
        }

        HostInts list = new HostInts(ids, 0, count);
        RowIndex index = RowIndex.of(list, HostInts::allocate, parts, (tasks, body) -> IntStream.range(0, tasks).parallel().forEach(body));
        assertThat(index.count()).isEqualTo(places.size());
        assertThat(index.rows().toArray()).containsExactly(places.keySet().stream().mapToInt(r -> r).toArray());
        assertThat(index.order().toArray()).containsExactly(places.values().stream().flatMap(List::stream).mapToInt(p -> p).toArray());
        int start = 0;
        int u = 0;
        for (List<Integer> ofRow : places.values()) {
            assertThat(index.starts().get(u++)).isEqualTo(start);
            start += ofRow.size();
        }
        assertThat(index.starts().toArray()).hasSize(places.size() + 1).endsWith(start);
    }
}
