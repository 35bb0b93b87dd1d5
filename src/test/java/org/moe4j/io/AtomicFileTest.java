package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    private Path folder;

    @Test
    void writesAndReplaces() throws IOException {
        Path file = folder.resolve("new/folder/a.txt");
        AtomicFile.write(file, "one");
        AtomicFile.write(file, "zwölf");
        assertThat(file).content().isEqualTo("zwölf");
        assertThat(names(file.getParent())).containsExactly("a.txt");
    }

    @Test
    void aFailureKeepsTheOldFileAndLeavesNothingBehind() throws IOException {
        Path file = folder.resolve("a.txt");
        AtomicFile.write(file, "old");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
            out.write(new byte[1 << 20]);
            throw new IllegalStateException("stopped");
        })).isInstanceOf(IllegalStateException.class);
        assertThat(file).content().isEqualTo("old");
        assertThat(names(folder)).containsExactly("a.txt");
    }

    @Test
    void aFullDiskIsNamedAndTheOldFileStays() throws IOException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full");
        Path file = folder.resolve("a.txt");
        AtomicFile.write(file, "old");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> {
            out.write(1);
            try (FileOutputStream full = new FileOutputStream("/dev/full")) {
                full.write(1);
            }
        })).isInstanceOf(InputException.class).hasMessage("cannot write " + file + ": the disk is full");
        assertThat(file).content().isEqualTo("old");
        assertThat(names(folder)).containsExactly("a.txt");
    }

    @Test
    void sayWhatIsInTheWay() throws IOException {
        Path file = Files.writeString(folder.resolve("plain"), "x");
        assertThatThrownBy(() -> AtomicFile.write(file.resolve("a.txt"), "x"))
                .isInstanceOf(InputException.class).hasMessageContaining("cannot write").hasMessageContaining("plain");
        assertThatThrownBy(() -> AtomicFile.write(folder, "x"))
                .isInstanceOf(InputException.class).hasMessage("cannot write " + folder + ": it is a folder");
    }

    @Test
    void aFolderThatMayNotBeWrittenIsRefused() throws IOException {
        assumeTrue(folder.toFile().setWritable(false), "needs write permissions");
        try {
            assumeTrue(!Files.isWritable(folder), "this user may write everywhere");
            assertThatThrownBy(() -> AtomicFile.write(folder.resolve("a"), "x")).isInstanceOf(InputException.class)
                    .hasMessageContaining("cannot write " + folder.resolve("a"));
        } finally {
            folder.toFile().setWritable(true);
        }
    }

    @Test
    void aWriterThatIsInterruptedFinishesItsFile() {
        Path file = folder.resolve("checkpoint");
        Thread.currentThread().interrupt();
        try {
            AtomicFile.write(file, "whole");
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(file).content().isEqualTo("whole");
    }

    @Test
    void manyWritersOfOneNameLeaveOneWholeFile() throws IOException {
        Path file = folder.resolve("a.txt");
        IntStream.range(0, 40).parallel().forEach(i -> AtomicFile.write(file, String.valueOf((char) ('a' + i % 26)).repeat(100_000)));
        String text = Files.readString(file);
        assertThat(text).hasSize(100_000).matches("(.)\\1*");
        assertThat(names(folder)).containsExactly("a.txt");
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        Path real = Files.writeString(folder.resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        AtomicFile.write(link, "new");
        assertThat(link).isSymbolicLink();
        assertThat(real).content().isEqualTo("new");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }
}
