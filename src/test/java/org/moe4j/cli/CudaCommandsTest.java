package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.cuda.CudaEmulator;
import org.moe4j.sweep.TinySweep;

/** What commands say and leave when the GPU they were given is missing, too small, or lost. */
class CudaCommandsTest {
    private static final List<String> JVM = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");

    @TempDir
    private Path folder;

    private record Ended(int code, String printed) {}

    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    /** @param state of the emulator; null for a machine without a driver */
    private Ended run(Map<String, String> state, String command, String... options) throws Exception {
        Map<String, String> environment = new HashMap<>();
        if (state != null) {
            environment.putAll(state);
            environment.put("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString());
        }
        List<String> words = new ArrayList<>(List.of(command, "--text", TinySweep.text(folder).toString(), "--tokenizer", "bytes", "--out", folder.resolve("out").toString()));
        words.addAll(List.of(options));
        Process process = ChildJvm.start(JVM, environment, CommandOnCuda.class, words.toArray(String[]::new));
        String printed = new String(process.getInputStream().readAllBytes()).replaceFirst("WARNING: Using incubator modules.*\n", "");
        return new Ended(process.waitFor(), printed);
    }

    @Test
    void aRunThatTheDeviceHasNoRoomFor() throws Exception {
        Ended ended = run(Map.of("MOE4J_EMULATOR_MIB", "12"), "train", "--device", "cuda", "--dim", "256", "--validation-tokens", "640");
        assertThat(ended.printed).matches("cuda has too little memory: mixtral-8x7b of width 256 needs [\\d,]+ MB \\(weights, gradients, optimizer and activations\\), 12 MB are free; "
            + "a smaller --batch or model \\(--dim, --layers, --experts\\), or experts in files \\(stored-mlp\\) would do\n");
        assertThat(ended.code).isEqualTo(2);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aSweepThatTheDeviceHasNoRoomFor() throws Exception {
        Ended ended = run(Map.of("MOE4J_EMULATOR_MIB", "2"), "granularity", "--device", "cuda", "--budget", "3e9", "--arms", "dense,moe", "--granularity", "4", "--validation-tokens", "640");
        assertThat(ended.printed).matches("cuda has too little memory: a trial needs [\\d,]+ MB \\(weights, gradients, optimizer and activations\\), 2 MB are free; "
            + "a smaller --batch, --sequence or --dim, or experts in files \\(stored-mlp\\) would do\n");
        assertThat(ended.code).isEqualTo(2);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void cudaIsDemandedWhereThereIsNone() throws Exception {
        for (String command : List.of("train", "granularity")) {
            Ended ended = run(null, command, "--device", "cuda");
            assertThat(ended.printed).isEqualTo("there is no NVIDIA driver on this machine: libcuda.so.1 is not found; the simd back end computes without one\n");
            assertThat(ended.code).isEqualTo(2);
        }
        assertThat(folder.resolve("out")).doesNotExist();
    }

    /** The second GPU of two, by graphs; lost in the middle, and resumed. */
    @Test
    void aRunWhoseDeviceIsLostGoesOn() throws Exception {
        String[] options = {"--device", "cuda:1+graphs", "--dim", "16", "--layers", "1", "--experts", "4", "--sequence", "16", "--batch", "2", "--steps", "6", "--validation-tokens", "64"};
        Ended lost = run(Map.of("MOE4J_EMULATOR_DEVICES", "2", "MOE4J_EMULATOR_FAIL", "cuGraphLaunch@8=719"), "train", options);
        assertThat(lost.printed).contains("the CUDA device was lost at launching a graph, or at work before it: its driver says CUDA_ERROR_LAUNCH_FAILED (719); "
            + "a new process may go on from the last checkpoint");
        assertThat(lost.code).isEqualTo(75);
        Ended resumed = run(Map.of("MOE4J_EMULATOR_DEVICES", "2"), "train", "--resume");
        assertThat(resumed.code).as(resumed.printed).isZero();
        assertThat(folder.resolve("out/result.json")).content().contains("\"backend\":\"cuda+graphs\"").contains("\"device\":\"CUDA emulator (host CPU), driver of CUDA 13.0\"");
    }
}
