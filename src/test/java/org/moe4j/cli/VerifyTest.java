package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class VerifyTest {
    private static final Path CASE = Path.of("src/test/resources/golden/engine/linear_2d_bias.safetensors");

    @RegisterExtension
    private final Console console = new Console();
    @TempDir
    private Path folder;

    @Test
    void endsWithTheThreeCounts() throws IOException {
        Files.copy(CASE, folder.resolve("linear.safetensors"));
        assertThat(Verify.run(folder.toString())).isZero();
        assertThat(console.printed.toString().strip()).endsWith("\n1 cases: 1 passed, 0 failed, 0 not covered");
    }

    @Test
    void aFailureIsExitCodeOne() throws IOException {
        Files.writeString(folder.resolve("broken.safetensors"), "nothing");
        assertThat(Verify.run(folder.toString(), "--device", "reference")).isOne();
        assertThat(console.printed.toString()).contains("broken.safetensors", "1 cases: 0 passed, 1 failed, 0 not covered");
    }

    @Test
    void mistakesAreOneSentenceAndExitCodeTwo() {
        assertMistake("did you mean '--device'", folder.toString(), "--devise=simd");
        assertMistake("unknown device 'gpu'", folder.toString(), "--device", "gpu");
        assertMistake("give the folder of the cases");
        assertMistake("there is no folder", folder.resolve("missing").toString());
        assertMistake("holds no golden cases", folder.toString());
    }

    private void assertMistake(String part, String... args) {
        console.complaint.reset();
        assertThat(Verify.run(args)).isEqualTo(2);
        assertThat(console.complaint.toString().strip().lines()).singleElement().asString().contains(part);
    }
}
