package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.cuda.CudaEmulator;

/** Sweeps on an emulated GPU that is lost in the middle of a trial. */
class LostDeviceTest {
    private static final List<String> OPTIONS = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");

    @TempDir
    private Path folder;

    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    @Test
    void theTrialGoesOnInAnotherProcess() throws Exception {
        Path once = Files.createFile(folder.resolve("once"));
        String printed = sweep(Map.of("MOE4J_EMULATOR_FAIL", "cuLaunchKernel@2000=719", "MOE4J_EMULATOR_ONCE", once.toString()), "dense");
        assertThat(once).doesNotExist();
        assertThat(printed).contains("dense with seed 1: the CUDA device was lost at ").contains("CUDA_ERROR_LAUNCH_FAILED (719)");
        assertThat(printed.lines().toList()).endsWith("done: dense on cuda");
    }

    @Test
    void aTrialThatLosesItEveryTimeFailsAndTheOthersGoOn() throws Exception {
        String printed = sweep(Map.of("MOE4J_EMULATOR_FAIL", "cuLaunchKernel@3=719"), "dense", "moe");
        assertThat(printed.lines().filter(line -> line.contains(" failed: the CUDA device was lost at "))).hasSize(2);
        assertThat(folder.resolve("out/trials/dense-seed1/failed.txt")).content().contains("the CUDA device was lost");
    }

    /** Another process took the memory after the sweep was planned; of what it gave back before the next allocation is made. */
    @Test
    void aTrialWithoutRoomFailsAndTheOthersGoOn() throws Exception {
        Path once = Files.createFile(folder.resolve("once"));
        Map<String, String> state = Map.of("MOE4J_EMULATOR_FAIL", "cuMemAlloc_v2@40=2", "MOE4J_EMULATOR_ONCE", once.toString());
        assertThat(sweep(state, "dense").lines().toList()).as("refused once").endsWith("done: dense on cuda");
        Files.move(folder.resolve("out"), folder.resolve("first"));
        String printed = sweep(Map.of("MOE4J_EMULATOR_FAIL", "cuMemAlloc_v2@40=2"), "dense", "moe");
        assertThat(printed.lines().filter(line -> line.matches("(dense|MoE G=2) with seed 1 failed: cuda:0 \\(CUDA emulator \\(host CPU\\)\\) is out of memory: .* MiB more were asked for, .* MiB of "
            + "4,096 MiB are free and this run holds .* MiB; a smaller --batch, --sequence or --dim, or fewer trials at once \\(--parallel\\), would do"))).hasSize(2);
    }

    /** Each in processes of their own, which share what is left of the device's memory. */
    @Test
    void twoSweepsOnOneDevice() throws Exception {
        Process first = start(folder.resolve("first"), "dense");
        Process second = start(folder.resolve("second"), "moe");
        for (Process sweep : List.of(first, second)) {
            assertThat(new String(sweep.getInputStream().readAllBytes()).lines().toList().getLast()).startsWith("done: ").endsWith(" on cuda");
        }
    }

    private static Process start(Path folder, String arm) throws Exception {
        Files.createDirectories(folder);
        return ChildJvm.start(OPTIONS, Map.of("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString()), SweepOnCuda.class, folder.toString(), arm);
    }

    private String sweep(Map<String, String> state, String... arms) throws Exception {
        Map<String, String> environment = new HashMap<>(state);
        environment.put("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString());
        List<String> arguments = new java.util.ArrayList<>(List.of(folder.toString()));
        arguments.addAll(List.of(arms));
        return ChildJvm.run(OPTIONS, environment, SweepOnCuda.class, arguments.toArray(String[]::new));
    }
}
