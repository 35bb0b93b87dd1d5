package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.ConformanceOf;

/** Products through cuBLAS, in JVMs that find one which computes what its definition says on the emulator's memory. */
class CublasTest {
    @BeforeAll
    static void emulator() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda+tf32", "cuda+bf16"})
    void productsByRowsAreAskedForByColumns(String device) throws Exception {
        String printed = ChildJvm.run(List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-D" + Cublas.PROPERTY + "=" + CudaEmulator.cublas()),
                Map.of("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString()), ConformanceOf.class, device, "gemm");
        assertThat(printed.lines().toList()).endsWith("agreed");
    }
}
