package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputExceptionTest {
    @Test
    void suggestsTheNearestName() {
        assertThat(InputException.unknown("option", "--widht", List.of("--depth", "--width", "--seeds")))
                .hasMessage("unknown option '--widht': did you mean '--width'? known are --depth, --width, --seeds");
    }

    @Test
    void suggestsNothingWhenNothingIsNear() {
        assertThat(InputException.unknown("router", "zebra", List.of("top-k", "switch")))
                .hasMessage("unknown router 'zebra'; known are top-k, switch");
        assertThat(InputException.unknown("router", "zebra", List.of())).hasMessage("unknown router 'zebra'; known are none");
    }

    @Test
    void aLongListIsCut() {
        List<String> known = IntStream.range(0, 100).mapToObj(i -> "name-" + i).toList();
        assertThat(InputException.unknown("thing", "zebra", known).getMessage()).endsWith("name-22, name-23 and 76 more");
        assertThat(InputException.unknown("thing", "name_7", known)).hasMessage("unknown thing 'name_7': did you mean 'name-7'?");
    }

    @Test
    void aNameCutShortIsNear() {
        List<String> known = List.of("glam-0.1b", "mixtral-8x7b", "mixtral-8x22b");
        assertThat(InputException.nearest("mixtrall", known)).contains("mixtral-8x7b");
        assertThat(InputException.nearest("mix", known)).contains("mixtral-8x7b");
        assertThat(InputException.nearest("mi", known)).isEmpty();
        assertThat(InputException.nearest("mistral-large", known)).isEmpty();
    }

    @Test
    void letterCaseIsNoDistance() {
        assertThat(InputException.nearest("TOP-K", List.of("switch", "top-k"))).contains("top-k");
    }

    @Test
    void aSwapCountsOnce() {
        assertThat(InputException.nearest("ab", List.of("ba"))).contains("ba");
        assertThat(InputException.nearest("ab", List.of("cd"))).isEmpty();
    }

    @Test
    void namesAFullDisk() {
        assertThat(InputException.writing(Path.of("x.csv"), new IOException("No space left on device")))
                .hasMessage("cannot write x.csv: the disk is full");
    }

    @Test
    void namesAFileWhereAFolderIsWanted(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("notes.txt"));
        Path below = file.resolve("run/x.csv");
        IOException system = assertThrows(IOException.class, () -> Files.readString(below));
        assertThat(InputException.reading(below, system)).hasMessage("cannot read " + below + ": " + file + " is a file, not a folder");
        IOException made = assertThrows(IOException.class, () -> Files.createDirectories(file));
        assertThat(InputException.writing(file, made)).hasMessage("cannot write " + file + ": " + file + " is a file, not a folder");
    }
}
