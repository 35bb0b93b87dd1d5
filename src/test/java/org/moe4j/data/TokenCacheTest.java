package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenCacheTest {
    private static final FileTime EARLIER = FileTime.fromMillis(1_700_000_000_000L);

    @TempDir
    Path folder;
    private Path text;
    private TokenizerCache cache;

    @BeforeEach
    void write() throws IOException {
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        text = corpus.resolve("a.txt");
        put(corpus.resolve("b.txt"), "zwölf Boxkämpfer jagen Eva quer über den Sylter Deich\n".repeat(40));
        put(text, "the quick brown fox jumps over the lazy dog\n".repeat(50));
        cache = new TokenizerCache(folder.resolve("cache"));
    }

    @ParameterizedTest
    @EnumSource
    void givesTheSameTokensAgain(TokenizerKind kind) throws IOException {
        TokenSet made = TokenSet.open(spec(kind), cache);
        assertThat(kept()).hasSize(1);
        same(TokenSet.open(spec(kind), cache), made);
    }

    /** A damaged file tells that it is the kept one that is read: it is made anew, to the same bytes. */
    @Test
    void makesADamagedFileAnew() throws IOException {
        TokenSet made = TokenSet.open(spec(TokenizerKind.BPE), cache);
        Path file = kept().getFirst();
        byte[] sound = Files.readAllBytes(file);
        for (int length : new int[] {sound.length, sound.length - 3, 5, 0}) {
            byte[] damaged = Arrays.copyOf(sound, length);
            if (length > 5) damaged[length / 2] ^= 4;
            Files.write(file, damaged);
            same(TokenSet.open(spec(TokenizerKind.BPE), cache), made);
            assertThat(Files.readAllBytes(file)).isEqualTo(sound);
        }
        Files.delete(Path.of(file.toString().replace(".bin", ".json")));
        same(TokenSet.open(spec(TokenizerKind.BPE), cache), made);
    }

    /** Of five texts three fit: those that have not been read for longest go, with their tokenizers. */
    @Test
    void deletesWhatHasNotBeenReadForLongest() throws IOException {
        TokenSet made = TokenSet.open(spec(TokenizerKind.BPE), cache);
        TokenCache all = new TokenCache(cache.folder());
        String[] keys = new String[3];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Integer.toString(i).repeat(24);
            all.keep(keys[i], made);
        }
        long each = Files.size(file(keys[0], "bin")) + Files.size(file(keys[0], "json"));
        for (int i = 0; i < keys.length; i++) {
            for (String kind : List.of("bin", "json")) Files.setLastModifiedTime(file(keys[i], kind), FileTime.fromMillis(EARLIER.toMillis() + 1000 * i));
        }
        Path tokenizer = Files.writeString(cache.folder().resolve("bpe-280-of-someone.json"), "x".repeat(10_000));
        assertThat(all.read(keys[0], TokenizerKind.BPE)).isPresent();                  // read last, though kept first

        new TokenCache(cache.folder(), 3 * each).keep("f".repeat(24), made);

        assertThat(kept()).contains(file("f".repeat(24), "bin"), file(keys[0], "bin")).doesNotContain(file(keys[1], "bin"), file(keys[2], "bin"));
        assertThat(file(keys[1], "json")).doesNotExist();
        assertThat(tokenizer).exists();
        new TokenCache(cache.folder(), 1).keep("e".repeat(24), made);                  // larger than the bound
        assertThat(kept()).containsExactly(file("e".repeat(24), "bin"));
    }

    private Path file(String key, String kind) {
        return cache.folder().resolve("tokens-" + key + "." + kind);
    }

    @Test
    void readsTextThatHasChanged() throws IOException {
        TokenSet before = TokenSet.open(spec(TokenizerKind.BYTE), cache);
        put(text, Files.readString(text).replace('q', 'k'));
        Files.setLastModifiedTime(text, FileTime.fromMillis(EARLIER.toMillis() + 1)); // of the same size
        TokenSet after = TokenSet.open(spec(TokenizerKind.BYTE), cache);
        assertThat(after.fingerprint()).isNotEqualTo(before.fingerprint());
        put(folder.resolve("corpus/c.txt"), "more of it, and still more\n".repeat(30));
        assertThat(TokenSet.open(spec(TokenizerKind.BYTE), cache).domains()).hasSize(3);
    }

    /** It may change again within the resolution of its time. */
    @Test
    void keepsNothingOfTextJustWritten() throws IOException {
        Files.writeString(text, "just now\n".repeat(30));
        TokenSet.open(spec(TokenizerKind.BYTE), cache);
        assertThat(kept()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeWrittenCostsNoRun() throws IOException {
        TokenizerCache nowhere = new TokenizerCache(text.resolve("below-a-file"));
        assertThat(TokenSet.open(spec(TokenizerKind.BYTE), nowhere).trainTokens()).isPositive();
    }

    private DataSpec spec(TokenizerKind kind) {
        return DataSpec.DEFAULT.withText(List.of(folder.resolve("corpus").toString())).withTokenizer(kind, 280);
    }

    private static void put(Path file, String content) throws IOException {
        Files.writeString(file, content);
        Files.setLastModifiedTime(file, EARLIER);
    }

    private List<Path> kept() throws IOException {
        if (!Files.exists(cache.folder())) return List.of();
        try (Stream<Path> files = Files.list(cache.folder())) {
            return files.filter(f -> f.getFileName().toString().startsWith("tokens-") && f.toString().endsWith(".bin")).toList();
        }
    }

    private static void same(TokenSet a, TokenSet b) {
        assertThat(a.name()).isEqualTo(b.name());
        assertThat(a.fingerprint()).isEqualTo(b.fingerprint());
        assertThat(a.tokenizer().fingerprint()).isEqualTo(b.tokenizer().fingerprint());
        assertThat(a.domains()).isEqualTo(b.domains());
        assertThat(a.train()).isDeepEqualTo(b.train());
        assertThat(a.valid()).isDeepEqualTo(b.valid());
    }
}
