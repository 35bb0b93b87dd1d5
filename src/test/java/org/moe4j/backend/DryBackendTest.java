package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

class DryBackendTest {
    private final DryBackend on = new DryBackend();

    @Test
    void countsMoreThanAnyMachineHolds() {
        Storage table = on.allocate(1L << 45);
        on.allocate(3);
        on.fill(table, 1);
        assertThat(table.slice(5, 1L << 40).size()).isEqualTo(1L << 40);
        assertThat(table.get(1L << 44)).isZero();
        assertThat(on.sumOfSquares(table)).isZero();
        assertThat(on.allocatedValues()).isEqualTo((1L << 45) + 3);
        assertThat(on.bytesPerValue()).isEqualTo(4);
    }

    @Test
    void topKGivesEveryColumnItsEqualShare() {
        int[] columns = new int[12 * 5];
        on.topK(on.allocate(12 * 8), 12, 8, 5, on.allocate(12 * 5), IntStorage.of(columns));
        for (int r = 0; r < 12; r++) {
            assertThat(Arrays.stream(columns, r * 5, r * 5 + 5).distinct().count()).isEqualTo(5);
        }
        int[] load = new int[8];
        Arrays.stream(columns).forEach(c -> load[c]++);
        assertThat(load).containsOnly(7, 8);
    }

    @Test
    void productKeysAreSpreadOverAllPairs() {
        int[] few = productTopK(10, 100);
        assertThat(few).startsWith(0).endsWith(39 * 250);
        assertThat(IntStream.range(1, few.length).map(i -> few[i] - few[i - 1])).containsOnly(250);
        int[] load = new int[9];
        Arrays.stream(productTopK(9, 3)).forEach(id -> load[id]++);
        assertThat(load).containsOnly(4);
    }

    @Test
    void everyMethodIsThereAndDoesNothing() {
        for (BackendCase c : BackendCase.all()) {
            c.sizes().forEach(sizes -> c.body().run(on, new CaseRun(on, 1), sizes));
        }
    }

    private int[] productTopK(int rows, int n) {
        int[] ids = new int[rows * 4];
        on.productTopK(on.allocate(rows * n), on.allocate(rows * n), rows, n, 4, 4, on.allocate(rows * 4), IntStorage.of(ids));
        return ids;
    }
}
