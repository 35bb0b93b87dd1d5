package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the studies of surgery say before they begin. */
class SurgeryStudiesTest {
    private final PrintStream err = System.err;
    private final ByteArrayOutputStream complaint = new ByteArrayOutputStream();
    @TempDir
    private Path folder;

    @BeforeEach
    void listen() {
        System.setErr(new PrintStream(complaint, true));
    }

    @AfterEach
    void restore() {
        System.setErr(err);
    }

    private void assertMistake(ToIntFunction<String[]> study, String part, String... args) {
        complaint.reset();
        assertThat(study.applyAsInt(args)).isEqualTo(2);
        assertThat(complaint.toString()).contains(part);
        assertThat(complaint.toString().lines()).hasSize(1);
    }

    @Test
    void digitsAsksForImages() {
        assertMistake(DigitsStudy::run, "give --images DIR, a folder with handwritten digits in MNIST's IDX format");
        assertMistake(DigitsStudy::run, "has no file *train-images-idx3-ubyte", "--images", folder.toString());
        assertMistake(DigitsStudy::run, "there is no such file or folder", "--images", folder.resolve("no").toString());
        assertMistake(DigitsStudy::run, "--seeds is -1, it has to be at least 1", "--images", folder.toString(), "--seeds", "-1");
        assertMistake(DigitsStudy::run, "--text-steps is 0, it has to be at least 1", "--images", folder.toString(), "--text-steps", "0");
        assertMistake(DigitsStudy::run, "--experts is 0, it has to be at least 1", "--images", folder.toString(), "--experts", "0");
        assertMistake(DigitsStudy::run, "--steps is 7, want a multiple of 5", "--images", folder.toString(), "--steps", "7");
    }

    @Test
    void upcyclingWantsQuartersAndAFolder() throws IOException {
        Path file = Files.createFile(folder.resolve("results"));
        assertMistake(UpcyclingStudy::run, "results is a file, not a folder", "--out", file.toString());
        assertMistake(UpcyclingStudy::run, "--steps is 10", "--steps", "10");
        assertMistake(UpcyclingStudy::run, "--seeds is 0, it has to be at least 1", "--seeds", "0");
        assertMistake(UpcyclingStudy::run, "did you mean '--seeds'", "--seed", "1");
    }
}
