package org.moe4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.backend.cuda.CudaEmulator;

/** Everything that a GPU's table times, at a tiny size on the emulator: that it runs, and doesn't wait for the device. Its times mean nothing. */
class DeviceWorksTest {
    private static final Map<String, String> TINY = Map.ofEntries(Map.entry("m", "20"), Map.entry("n", "36"), Map.entry("k", "24"), Map.entry("experts", "16"),
        Map.entry("heads", "2"), Map.entry("topk", "2"), Map.entry("dim", "16"), Map.entry("hidden", "24"), Map.entry("tokens", "8"), Map.entry("layers", "1"),
        Map.entry("sequence", "8"), Map.entry("batch", "2"), Map.entry("time", "8"), Map.entry("vocabulary", "32"));

    @TempDir
    private Path folder;

    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    private static Size tiny(String size) {
        Size tiny = Size.of(size);
        for (String name : tiny.values().keySet()) {
            if (TINY.containsKey(name)) {
                tiny = tiny.with(name, TINY.get(name));
            }
        }
        return tiny;
    }

    @TestFactory
    Stream<DynamicTest> everyWorkRunsWithoutWaiting() {
        return Catalog.ON_GPU.stream().flatMap(entry -> entry.sizes().stream().map(size -> entry.work() + " " + tiny(size)).distinct()
            .map(name -> DynamicTest.dynamicTest(name, () -> {
                try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
                    Work work = entry.opening().open(Size.of(name.substring(name.indexOf(' ') + 1)), on);
                    work.run();                                                    // the first may look at what it did
                    int waits = CudaEmulator.waits();
                    work.run();
                    assertThat(CudaEmulator.waits() - waits).as("waits for the device within a run").isZero();
                    assertThat(work.demand().seconds(new Peaks(1e9, 1e9, 1e9, 1e9))).isPositive();
                }
            })));
    }

    @Test
    void aWorkIsTimedAsJmhWould() throws Exception {
        WorkBench bench = new WorkBench();
        bench.work = "moe-step";
        bench.size = tiny(Catalog.ON_GPU.stream().filter(each -> each.work().equals("moe-step")).findFirst().orElseThrow().sizes().getLast()).toString();
        bench.device = "cuda+graphs";
        bench.threads = 1;
        bench.peers = "";
        bench.notes = folder.resolve("notes").toString();
        bench.open();
        assertThat(bench.run()).isNotNull();
        bench.run();
        bench.close();
        assertThat(folder.resolve("notes")).isNotEmptyFile();
    }

    @Test
    void theBoundsAreMeasured() {
        DevicePeakBench peaks = new DevicePeakBench();
        peaks.device = "cuda";
        peaks.quick = true;
        peaks.open();
        peaks.product();
        peaks.copy();
        peaks.cacheCopy();
        peaks.randomRows();
        peaks.close();
    }
}
