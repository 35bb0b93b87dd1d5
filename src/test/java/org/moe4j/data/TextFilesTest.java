package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.io.InputException;

class TextFilesTest {
    @TempDir
    private Path folder;

    @Test
    void readsAFileAndItsCompressedForm() throws IOException {
        Path plain = Files.writeString(folder.resolve("law.txt"), "\uFEFFzwölf Gesetze\r\n");
        Path zipped = Files.write(folder.resolve("novel_fi.txt.gz"), gzip("seitsemän"));
        assertThat(TextFiles.read(List.of(plain, zipped))).extracting(Document::name, Document::domain, Document::text)
                .containsExactly(tuple("law.txt", "law", "zwölf Gesetze\r\n"), tuple("novel_fi.txt.gz", "novel_fi", "seitsemän"));
    }

    @Test
    void aFolderOfFoldersHasADomainForEach() throws IOException {
        write("top.txt", "b/x.txt", "b/deep/y.txt", "a/z.txt", ".hidden/h.txt", ".h");
        Files.createFile(folder.resolve("a/empty.txt"));
        String name = folder.getFileName().toString();
        assertThat(TextFiles.read(List.of(folder))).extracting(Document::name, Document::domain).containsExactly(
                tuple(name + "/top.txt", name), tuple(name + "/a/z.txt", "a"),
                tuple(name + "/b/deep/y.txt", "b"), tuple(name + "/b/x.txt", "b"));
    }

    @Test
    void aFolderOfFilesHasADomainForEach() throws IOException {
        write("law_de.txt", "novel.md", "README");
        assertThat(TextFiles.read(List.of(folder))).extracting(Document::domain).containsExactly("README", "law_de", "novel");
    }

    @Test
    void aFolderOfManyFilesIsOneDomain() throws IOException {
        for (int i = 0; i < 65; i++) write(i + ".txt");
        assertThat(TextFiles.read(List.of(folder))).hasSize(65).extracting(Document::domain).containsOnly(folder.getFileName().toString());
    }

    @Test
    void mistakesAreNamed() throws IOException {
        Path missing = folder.resolve("missing.txt");
        refused(missing).hasMessage("cannot read " + missing + ": there is no such file or folder");
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        refused(empty).hasMessage("text " + empty + " is empty");
        Path emptyZipped = Files.write(folder.resolve("empty.gz"), gzip(""));
        refused(emptyZipped).hasMessage("text " + emptyZipped + " is empty");
        Path noFiles = Files.createDirectory(folder.resolve("nothing"));
        refused(noFiles).hasMessage("folder " + noFiles.toRealPath() + " holds no text");
        Path plain = Files.writeString(folder.resolve("a.txt"), "x");
        refused(plain, plain).hasMessage("text " + plain + " is given twice");
        refused(plain, folder.resolve("nothing/../a.txt")).hasMessageContaining("is given twice");
    }

    @Test
    void whatIsNotUtf8IsNamedWithItsPlace() throws IOException {
        Path latin = Files.write(folder.resolve("latin.txt"), "zw\u00F6lf".getBytes(StandardCharsets.ISO_8859_1));
        refused(latin).hasMessage("text " + latin + " is not UTF-8: see byte 2");
        Path cut = Files.write(folder.resolve("cut.txt"), new byte[] {'a', (byte) 0xC3});
        refused(cut).hasMessage("text " + cut + " is not UTF-8: see byte 1");
        Path zipped = Files.write(folder.resolve("latin.gz"), gzip(new byte[] {'a', 'b', 'c', (byte) 0xFF}));
        refused(zipped).hasMessage("text " + zipped + " is not UTF-8: see byte 3");
    }

    @Test
    void brokenCompressionIsNamed() throws IOException {
        byte[] sound = gzip("a text that is long enough to be cut");
        Path cut = Files.write(folder.resolve("cut.gz"), Arrays.copyOf(sound, sound.length - 12));
        refused(cut).hasMessageStartingWith("cannot read " + cut + ": ");
        Path plain = Files.writeString(folder.resolve("plain.gz"), "not compressed");
        refused(plain).hasMessageStartingWith("cannot read " + plain + ": it is not a sound compressed file");
        sound[20] ^= 1;
        Path flipped = Files.write(folder.resolve("flipped.gz"), sound);
        refused(flipped).hasMessageStartingWith("cannot read " + flipped + ": it is not a sound compressed file");
    }

    private AbstractThrowableAssert<?, ? extends Throwable> refused(Path... paths) {
        return assertThatThrownBy(() -> TextFiles.read(List.of(paths))).isInstanceOf(InputException.class).hasMessageNotContaining("\n");
    }

    private void write(String... names) throws IOException {
        for (String name : names) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), "text of " + name);
        }
    }

    private static byte[] gzip(String text) throws IOException {
        return gzip(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }
}
