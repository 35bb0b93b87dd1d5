package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.OpenBackend;

/** Asking for a GPU on machines of all sorts, each a JVM with the emulator in one state or another: a back end or one sentence. */
class OpeningTest {
    private static final List<String> OPTIONS = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");

    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    @Test
    void opens() throws Exception {
        assertThat(sentence(Map.of(), "cuda")).isEqualTo("opened cuda");
        assertThat(sentence(Map.of("MOE4J_EMULATOR_DEVICES", "2"), "cuda:1")).isEqualTo("opened cuda");
        assertThat(sentence(Map.of("MOE4J_EMULATOR_CAPABILITY", "86"), "cuda:0")).isEqualTo("opened cuda");
        assertThat(sentence(Map.of(), "cuda:0+bf16")).isEqualTo("opened cuda+bf16");
        assertThat(sentence(Map.of("MOE4J_EMULATOR_VERSION", "11040"), "cuda+tf32+graphs")).isEqualTo("opened cuda+tf32+graphs");
    }

    @Test
    void withoutADriver() throws Exception {
        assertThat(ChildJvm.run(OPTIONS, OpenBackend.class, "cuda").lines().filter(line -> !line.startsWith("WARNING: Using incubator"))).containsExactly(
                "refused: there is no NVIDIA driver on this machine: libcuda.so.1 is not found; the simd back end computes without one");
    }

    @Test
    void whereNativeCodeIsNotAllowed() throws Exception {
        List<String> denied = List.of("--add-modules=jdk.incubator.vector", "--illegal-native-access=deny");
        assertThat(ChildJvm.run(denied, emulated(Map.of()), OpenBackend.class, "cuda").lines().filter(line -> !line.startsWith("WARNING: Using incubator"))).containsExactly(
                "refused: the cuda back end calls native libraries, which this JVM does not allow: start java with --enable-native-access=ALL-UNNAMED");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "MOE4J_EMULATOR_DEVICES|1|cuda:x|the device is 'cuda:x'; cuda, cuda:1 (the second GPU), cuda+tf32 or cuda:1+bf16 (matrix products in lower precision) would do, and +graphs at the end of each (CUDA graphs)",
        "MOE4J_EMULATOR_FAIL|cuInit=100|cuda|there is no CUDA device: an NVIDIA driver is installed, but sees no GPU; the simd back end computes without one",
        "MOE4J_EMULATOR_FAIL|cuInit=803|cuda|the NVIDIA driver does not start, it says CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803); the simd back end computes without one",
        "MOE4J_EMULATOR_DEVICES|0|cuda|there is no CUDA device on this machine; the simd back end computes without one",
        "MOE4J_EMULATOR_DEVICES|1|cuda:1|there is no CUDA device 1: this machine has 1, cuda:0",
        "MOE4J_EMULATOR_DEVICES|2|cuda:7|there is no CUDA device 7: this machine has 2, cuda:0 to cuda:1",
        "MOE4J_EMULATOR_VERSION|10020|cuda|the NVIDIA driver is too old: it knows CUDA 10.2, the kernels need 11.0 or newer; install a newer driver",
        "MOE4J_EMULATOR_VERSION|11030|cuda+graphs|the NVIDIA driver is too old for graphs: it knows CUDA 11.3, they need 11.4 or newer; install a newer driver, or leave +graphs out of the device's name",
        "MOE4J_EMULATOR_CAPABILITY|75|cuda|cuda:0 (CUDA emulator (host CPU)) has compute capability 7.5, the kernels need 8.0 or more",
        "MOE4J_EMULATOR_FAIL|cuDevicePrimaryCtxRetain=46|cuda|cuda:0 (CUDA emulator (host CPU)) is busy: another process has it to itself, as its compute mode allows; wait, or choose another device",
        "MOE4J_EMULATOR_FAIL|cuDevicePrimaryCtxRetain=2|cuda|cuda:0 (CUDA emulator (host CPU)) has no memory left to begin with: other processes hold it; wait, or choose another device",
        "MOE4J_EMULATOR_FAIL|cuModuleLoadData=222|cuda|the NVIDIA driver is too old to read the kernels in storage.sm_90.ptx: install a newer one",
    })
    void refusesInOneSentence(String variable, String value, String device, String sentence) throws Exception {
        assertThat(sentence(Map.of(variable, value), device)).isEqualTo("refused: " + sentence);
    }

    @Test
    void aTensorThatDoesNotFit() throws Exception {
        assertThat(sentence(Map.of("MOE4J_EMULATOR_MIB", "3"), "cuda", "1000000")).isEqualTo(
                "refused: cuda:0 (CUDA emulator (host CPU)) is out of memory: 3.8 MiB more were asked for, 3.0 MiB of 3.0 MiB are free and this run holds 0.0 MiB; "
                + "a smaller --batch, --sequence or --dim, or fewer trials at once (--parallel), would do");
    }

    /** JCuda alone would have them write the same file at once. */
    @Test
    void manyJvmsAtOnce(@TempDir Path temporary) throws Exception {
        List<String> options = new ArrayList<>(OPTIONS);
        options.add("-Djava.io.tmpdir=" + temporary);
        List<Process> children = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            children.add(ChildJvm.start(options, emulated(Map.of()), OpenBackend.class, "cuda"));
        }
        for (Process child : children) {
            assertThat(new String(child.getInputStream().readAllBytes())).endsWith("opened cuda\n");
        }
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.filter(f -> !f.getFileName().toString().startsWith("hsperf"))).isEmpty();
        }
    }

    private static String sentence(Map<String, String> state, String... arguments) throws IOException, InterruptedException {
        return ChildJvm.run(OPTIONS, emulated(state), OpenBackend.class, arguments).lines().filter(line -> !line.startsWith("WARNING: Using incubator"))
                .reduce((a, b) -> a + "\n" + b).orElse("");
    }

    private static Map<String, String> emulated(Map<String, String> state) {
        Map<String, String> environment = new HashMap<>(state);
        environment.put("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString());
        return environment;
    }
}
