package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code experiments/run bench} answers to mistakes, before it builds or measures anything. */
class BenchmarksTest {
    @Test
    void namesTheNearestBenchmark() {
        Ran ran = Ran.of(() -> Benchmarks.run("--only", "sgemm,per-step"));
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.err()).startsWith("unknown benchmark 'per-step': did you mean 'peer-step'? known are sgemm,").hasLineCount(1);
    }

    @Test
    void knowsTheCurvesOfScaling() {
        assertThat(Ran.of(() -> Benchmarks.run("--only", "scaling", "--curves", "peer-expert")).err())
            .startsWith("unknown curve 'peer-expert': did you mean 'peer-experts'? known are moe-experts,").hasLineCount(1);
        assertThat(Ran.of(() -> Benchmarks.run("--curves", "peer-experts")).err()).contains("--only scaling would do").hasLineCount(1);
    }

    @Test
    void timesSimdOrAGpu() {
        assertThat(Ran.of(() -> Benchmarks.run("--device", "reference")).err())
            .startsWith("--device is reference: what is timed is simd, or a GPU as cuda or cuda:N").hasLineCount(1);
    }

    @Test
    void wantsAtLeastOneThreadAndOneRound() {
        assertThat(Ran.of(() -> Benchmarks.run("--threads", "1,0")).err()).contains("--threads is 0").hasLineCount(1);
        assertThat(Ran.of(() -> Benchmarks.run("--rounds", "0")).err()).contains("--rounds is 0").hasLineCount(1);
        assertThat(Ran.of(() -> Benchmarks.run("--minutes", "0")).err()).contains("--minutes is 0.0").hasLineCount(1);
    }

    @Test
    void wantsAFolderToWriteTo(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("notes.txt"));
        Ran ran = Ran.of(() -> Benchmarks.run("--out", file.toString()));
        assertThat(ran.err()).isEqualToNormalizingNewlines("cannot write " + file + ": " + file + " is a file, not a folder\n");
        assertThat(ran.exit()).isEqualTo(2);
    }
}
