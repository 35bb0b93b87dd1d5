package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;

class DataSpecTest {
    @TempDir
    private Path folder;

    @Test
    void readsAndWritesYaml() {
        SpecReader reader = new SpecReader();
        DataSpec spec = reader.parse("text: [a.txt, b]\ntokenizer: byte", DataSpec.DEFAULT);
        assertThat(spec).isEqualTo(DataSpec.DEFAULT.withText(List.of("a.txt", "b")).withTokenizer(TokenizerKind.BYTE, 4096));
        assertThat(reader.parse(reader.toYaml(spec), DataSpec.class)).isEqualTo(spec);
        assertThatThrownBy(() -> reader.parse("tokenizer: bype", DataSpec.DEFAULT)).isInstanceOf(InputException.class)
                .hasMessageContaining("unknown value of tokenizer 'bype': did you mean 'BYTE'?");
        assertThatThrownBy(() -> reader.parse("vocabulary: 100", DataSpec.DEFAULT)).isInstanceOf(InputException.class)
                .hasMessage("spec: a byte-pair vocabulary of 100 tokens is out of range: want 257 to 65536");
    }

    @Test
    void givenTrainAndValidFoldersAreTakenAsTheyAre() throws IOException {
        Files.createDirectories(folder.resolve("train"));
        Files.createDirectories(folder.resolve("valid"));
        Files.writeString(folder.resolve("train/law.txt"), "train law");
        Files.writeString(folder.resolve("train/novel.txt"), "train novel");
        Files.writeString(folder.resolve("valid/law.txt"), "valid law");
        Corpus corpus = new DataSpec(List.of(folder.resolve("train").toString()), List.of(folder.resolve("valid").toString()),
                0.1, 2, TokenizerKind.BYTE, 4096).corpus();
        assertThat(corpus.name()).isEqualTo("law+novel");
        assertThat(corpus.domains()).containsExactly("law", "novel");
        assertThat(corpus.train()).extracting(Document::text).containsExactly("train law", "train novel");
        assertThat(corpus.valid()).extracting(Document::text).containsExactly("valid law");
    }

    @Test
    void oneFileOnEachSideIsOneDomain() throws IOException {
        String train = Files.writeString(folder.resolve("wiki.train.txt"), "train").toString();
        String valid = Files.writeString(folder.resolve("wiki.valid.txt"), "valid").toString();
        Corpus corpus = new DataSpec(List.of(train), List.of(valid), 0.1, 2, TokenizerKind.BYTE, 4096).corpus();
        assertThat(corpus.domains()).containsExactly("wiki.train");
        assertThat(corpus.valid()).extracting(Document::text).containsExactly("valid");
    }

    @Test
    void textThatDoesNotFitTheHeapIsRefused() throws Exception {
        Path text = Files.writeString(folder.resolve("large.txt"), "0123456789abcde\n".repeat(2 << 20));
        Process java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx48m", "-XX:+UseSerialGC",
                "-cp", System.getProperty("java.class.path"), OpenText.class.getName(), text.toString()).redirectErrorStream(true).start();
        String said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(said).containsPattern("the text does not fit into the heap of \\d+ MB: give less of it, or more memory with -Xmx");
        assertThat(java.waitFor()).isZero();
    }

    static final class OpenText {
        public static void main(String[] args) {
            try {
                TokenSet.open(DataSpec.DEFAULT.withText(List.of(args[0])).withTokenizer(TokenizerKind.BYTE, 256));
            } catch (InputException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> new DataSpec(List.of(), List.of("v"), 0.1, 2, TokenizerKind.BPE, 4096))
                .isInstanceOf(InputException.class).hasMessage("validation text is given, but no text to train on");
        assertThatThrownBy(() -> new DataSpec(List.of(), List.of(), 0.1, 0, TokenizerKind.BPE, 4096))
                .isInstanceOf(InputException.class).hasMessage("jdkMegabytesPerModule is 0: want a whole number of at least 1");
        assertThatThrownBy(() -> DataSpec.DEFAULT.withText(List.of("a\0b")).corpus())
                .isInstanceOf(InputException.class).hasMessageContaining("is not a file name");
    }
}
