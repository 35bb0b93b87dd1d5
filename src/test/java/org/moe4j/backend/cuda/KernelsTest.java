package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;

/** What the conformance cases leave out: random numbers to the bit, tiles for large products, lists beyond a tile of the sort. */
class KernelsTest {
    @BeforeAll
    static void driver() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, absent);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, -77})
    void randomNumbersHaveTheBitsOfTheProcessor(long seed) {
        int n = 200_000;
        CounterRandom random = CounterRandom.of(seed, "bits");
        try (Backend on = CudaBackend.open("cuda"); Backend reference = new ReferenceBackend()) {
            Storage x = on.allocate(n);
            Storage expected = reference.allocate(n);
            on.normal(random, 0.02, x);
            reference.normal(random, 0.02, expected);
            assertThat(floats(x)).isEqualTo(floats(expected));
            on.uniform(random, -0.3, 2.5, x);
            reference.uniform(random, -0.3, 2.5, expected);
            assertThat(floats(x)).isEqualTo(floats(expected));
        }
    }

    /** Both sizes of tiles add in the order of k. */
    @ParameterizedTest
    @CsvSource({"300, 140, 37", "128, 128, 8", "129, 3, 1", "1, 257, 64", "260, 131, 17"})
    void largeAndSmallTilesGiveTheSameBits(int m, int n, int k) {
        try (Device device = new Device(0)) {
            DeviceStorage a = values(device, 5L + (long) m * k).slice(5, (long) m * k);
            DeviceStorage b = values(device, 5L + (long) n * k).slice(5, (long) n * k);
            for (int flags = 0; flags < 8; flags++) {
                float[][] results = new float[2][];
                for (int size = 0; size < 2; size++) {
                    int tile = 64 << size;
                    DeviceStorage c = values(device, (long) m * n);
                    device.launch("gemm" + tile, Math.ceilDiv(m, tile) * Math.ceilDiv(n, tile), 1, 1, 256, 0, flags & 1, flags >> 1 & 1, m, n, k, a, b, c, flags >> 2);
                    results[size] = floats(c);
                }
                assertThat(results[1]).as("flags %d", flags).isEqualTo(results[0]);
            }
        }
    }

    @Test
    void largeAndSmallTilesOfGroupsGiveTheSameBits() {
        int rows = 500;
        int n = 130;
        int k = 21;
        int[] starts = {3, 3, 131, 132, 400, 400, 490};
        int experts = starts.length - 1;
        try (Device device = new Device(0)) {
            DeviceStorage x = values(device, (long) rows * k);
            DeviceStorage w = values(device, (long) experts * n * k);
            float[][] results = new float[2][];
            float[][] weights = new float[2][];
            for (int size = 0; size < 2; size++) {
                int tile = 64 << size;
                DeviceStorage y = values(device, (long) rows * n);
                device.launch("groupedGemm" + tile, (rows / tile + experts) * Math.ceilDiv(n, tile), 1, 1, 256, 0, IntStorage.of(starts), experts, 1, n, k, x, w, y, 0);
                results[size] = floats(y);
                DeviceStorage dw = values(device, (long) experts * n * k);
                device.launch("groupedWeights" + tile, experts * Math.ceilDiv(n, tile) * Math.ceilDiv(k, tile), 1, 1, 256, 0, IntStorage.of(starts), n, k, y, x, dw, 1);
                weights[size] = floats(dw);
            }
            assertThat(results[1]).isEqualTo(results[0]);
            assertThat(weights[1]).isEqualTo(weights[0]);
        }
    }

    /** A list of several tiles, whose rows need three and four digits of the sort. */
    @ParameterizedTest
    @ValueSource(ints = {3, 70_000, 20_000_000})
    void aLongListIsIndexedAsOnTheHost(int bound) {
        int n = 10_000;
        CounterRandom random = new CounterRandom(bound);
        int[] ids = new int[n];
        for (int i = 0; i < n; i++) {
            ids[i] = random.below(2L * i, 7) == 0 ? -1 : random.below(2L * i + 1, bound);
        }
        RowIndex expected = RowIndex.of(ids);
        int count = expected.count();
        try (Backend on = CudaBackend.open("cuda")) {
            RowIndex index = on.rowIndex(IntStorage.of(ids), on::allocateInts);
            assertThat(index.rows().slice(0, count).toArray()).isEqualTo(expected.rows().toArray());
            assertThat(index.rows().slice(count, n - count).toArray()).containsOnly(-1);
            assertThat(index.starts().slice(0, count + 1).toArray()).isEqualTo(expected.starts().toArray());
            int places = expected.order().length();
            assertThat(index.starts().slice(count, n + 1 - count).toArray()).containsOnly(places);
            assertThat(index.order().slice(0, places).toArray()).isEqualTo(expected.order().toArray());
            assertThat(index.order().slice(places, n - places).toArray()).containsOnly(-1);
        }
    }

    private static DeviceStorage values(Device device, long size) {
        DeviceStorage x = device.floats(size);
        float[] values = new float[Math.toIntExact(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (new CounterRandom(size).uniform(i) - 0.5);
        }
        x.write(0, values);
        return x;
    }

    private static float[] floats(Storage x) {
        float[] values = new float[Math.toIntExact(x.size())];
        x.read(0, values);
        return values;
    }
}
