package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.io.InputException;

class BytePairTokenizerTest {
    @TempDir
    private Path folder;

    /** "low low low lower": lo 4 times, then low 4, then " low" 3 (space + low), then nothing but er, which comes once. */
    @Test
    void learnsTheMostFrequentPairFirst() {
        BytePairTokenizer tokenizer = BytePairTokenizer.train(List.of("low low low lower"), 1000);
        assertThat(tokenizer.vocabularySize()).isEqualTo(259);
        assertThat(tokenizer.decode(256)).isEqualTo("lo");
        assertThat(tokenizer.decode(257)).isEqualTo("low");
        assertThat(tokenizer.decode(258)).isEqualTo(" low");
        assertThat(tokenizer.encode("low low")).containsExactly(257, 258);
        assertThat(tokenizer.byteLength(258)).isEqualTo(4);
        assertThat(tokenizer.name()).isEqualTo("bpe 259");
    }

    @Test
    void equallyFrequentPairsGoBySmallerTokens() {
        BytePairTokenizer tokenizer = BytePairTokenizer.train(List.of("xy\0ab\0xy\0ab"), 258);
        assertThat(tokenizer.decode(256)).isEqualTo("ab");
    }

    @Test
    void savesAndLoads() {
        BytePairTokenizer tokenizer = BytePairTokenizer.train(List.of("low low low lower"), 1000);
        Path file = folder.resolve("bpe.json");
        tokenizer.save(file);
        BytePairTokenizer loaded = BytePairTokenizer.load(file);
        assertThat(loaded.fingerprint()).isEqualTo(tokenizer.fingerprint());
        assertThat(loaded.encode("lower low")).isEqualTo(tokenizer.encode("lower low"));
        assertThat(BytePairTokenizer.train(List.of("high high"), 1000).fingerprint()).isNotEqualTo(tokenizer.fingerprint());
    }

    @Test
    void brokenFilesAreRefused() throws IOException {
        BytePairTokenizer tokenizer = BytePairTokenizer.train(List.of("low low low lower"), 1000);
        Path file = folder.resolve("bpe.json");
        tokenizer.save(file);
        String json = Files.readString(file);
        refused(file, json.substring(0, json.length() - 3), "is not a saved tokenizer, or is corrupted");
        refused(file, json.replace("[108,111]", "[108,110]"), "is corrupted: its merges are not those");
        refused(file, json.replace("[108,111]", "[108,300]"), "is corrupted");
        refused(file, json.replace("[108,111]", "[108]"), "is corrupted");
        refused(file, "{\"format\":\"other\"}", "is not a tokenizer of the form");
        refused(file, "null", "is not a tokenizer of the form");
        Path missing = folder.resolve("missing.json");
        assertThatThrownBy(() -> BytePairTokenizer.load(missing)).isInstanceOf(InputException.class).hasMessageContaining("no such file");
    }

    private static void refused(Path file, String content, String message) throws IOException {
        Files.writeString(file, content);
        assertThatThrownBy(() -> BytePairTokenizer.load(file)).isInstanceOf(InputException.class)
                .hasMessageStartingWith(file.toString()).hasMessageContaining(message);
    }

    @Test
    void theVocabularyHasLimits() {
        for (int size : new int[] {-1, 256, 65537}) {
            assertThatThrownBy(() -> BytePairTokenizer.train(List.of("x"), size)).isInstanceOf(InputException.class)
                    .hasMessage("a byte-pair vocabulary of " + size + " tokens is out of range: want 257 to 65536");
        }
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefused() {
        BytePairTokenizer tokenizer = BytePairTokenizer.train(List.of("low low"), 1000);
        assertThatThrownBy(() -> tokenizer.decode(tokenizer.vocabularySize())).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new ByteTokenizer().decode(256)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new ByteTokenizer().byteLength(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void theCacheKeepsAndMends() throws IOException {
        Corpus corpus = new Corpus("c", List.of(new Document("a", "d", "low low low lower")), List.of(new Document("b", "d", "low")));
        TokenizerCache cache = new TokenizerCache(folder.resolve("cache"));
        BytePairTokenizer first = cache.bytePairs(corpus, 300);
        Path kept = only(cache.folder());
        Files.setLastModifiedTime(kept, FileTime.fromMillis(1000));
        assertThat(cache.bytePairs(corpus, 300).fingerprint()).isEqualTo(first.fingerprint());
        assertThat(Files.getLastModifiedTime(kept).toMillis()).as("read, not made again").isEqualTo(1000);
        Files.writeString(kept, "{");
        assertThat(cache.bytePairs(corpus, 300).fingerprint()).isEqualTo(first.fingerprint());
        assertThat(BytePairTokenizer.load(kept).fingerprint()).isEqualTo(first.fingerprint());
        cache.bytePairs(corpus, 257);
        cache.bytePairs(new Corpus("c", List.of(new Document("a", "d", "low low low lower.")), corpus.valid()), 300);
        try (var files = Files.list(cache.folder())) {
            assertThat(files).as("another size, another text: another file").hasSize(3);
        }
    }

    @Test
    void aCacheThatCannotBeWrittenCostsNoRun() throws IOException {
        Path inTheWay = Files.writeString(folder.resolve("file"), "x");
        Corpus corpus = new Corpus("c", List.of(new Document("a", "d", "low low")), List.of(new Document("b", "d", "low")));
        assertThat(new TokenizerCache(inTheWay.resolve("cache")).bytePairs(corpus, 300).vocabularySize()).isGreaterThan(256);
    }

    private static Path only(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.getFirst();
        }
    }
}
