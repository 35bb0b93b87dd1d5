package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileHashTest {
    @TempDir
    private Path folder;

    @Test
    void hashesContent() throws IOException {   // FIPS 180-2, appendix B.1
        String abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assertThat(FileHash.sha256("abc")).isEqualTo(abc);
        assertThat(FileHash.sha256(Files.writeString(folder.resolve("abc"), "abc"))).isEqualTo(abc);
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> FileHash.sha256(missing)).isInstanceOf(InputException.class)
                .hasMessage("cannot read " + missing + ": there is no such file or folder");
    }
}
