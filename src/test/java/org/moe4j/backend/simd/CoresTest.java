package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class CoresTest {
    private final BitSet taken = new BitSet();

    @Test
    void aThreadLeavesATakenProcessorAndMayComeBack() throws IOException {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
        String allowed = allowed();
        for (int i = 0; i < 20; i++) {
            int from = Cores.current();
            taken.clear();
            taken.set(from);
            Cores.move(Cores.thread(), taken);
            // the system may have moved it back since, as it is allowed to, but not twenty times of twenty
            if (Cores.current() != from) {
                assertThat(allowed()).isEqualTo(allowed);
                return;
            }
        }
        fail("stayed on processor " + taken);
    }

    @Test
    void whereEveryProcessorIsTakenItStaysAllowedOnAll() throws IOException {
        String allowed = allowed();
        taken.set(0, 1024);
        Cores.move(Cores.thread(), taken);
        assertThat(allowed()).isEqualTo(allowed);
    }

    private static String allowed() throws IOException {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream().filter(line -> line.startsWith("Cpus_allowed:")).findFirst().orElseThrow();
    }
}
