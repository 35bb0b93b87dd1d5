package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.data.Corpus;
import org.moe4j.data.Document;
import org.moe4j.data.TokenSet;
import org.moe4j.io.InputException;

class ByteLevelTokenizerTest {
    private static final String[] MERGES = {"h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld", "Ġ Ġ", "1 2", "a a", "aa aa"};

    @TempDir
    private Path folder;
    private final TokenizerFile file = new TokenizerFile(MERGES);

    @Test
    void mergesByRankWithinWordsAndTheirSpace() throws IOException {
        assertTokens("hello world", "hello", "Ġworld");
        assertTokens("hellold", "hello", "ld");
        assertTokens("aaaaa aaa", "aaaa", "a", "Ġ", "aa", "a");
        assertTokens("12 123", "12", "Ġ", "12", "3");
    }

    @Test
    void aRunOfSpacesLeavesItsLastOneToTheWord() throws IOException {
        assertTokens("hello   world", "hello", "ĠĠ", "Ġworld");
        assertTokens("hello  ", "hello", "ĠĠ");
        assertTokens("hello\n\n world", "hello", "Ċ", "Ċ", "Ġworld");
        assertTokens("hello'll don't", "hello", "'", "ll", "Ġ", "d", "o", "n", "'", "t");
        assertTokens("hello\u00A0\u00A0world", "hello", "Â", "ł", "Â", "ł", "w", "or", "ld");   // \s is white space of all Unicode
    }

    @Test
    void bytesAreSpelledInGpt2sAlphabet() throws IOException {
        assertTokens("é €\t", "Ã", "©", "Ġ", "â", "Ĥ", "¬", "ĉ");
        assertThat(tokenizer().decode(file.number("Ã"), file.number("©"), file.number("Ġ"), file.number("ĉ"))).isEqualTo("é \t");
    }

    @Test
    void addedTokensAreFoundFirstTheLongestOfThem() throws IOException {
        file.added(300, "  ", false, true).added(301, "   ", false, true).added(302, "<|end|>", true, false).added(303, "<|end|>>", true, false);
        ByteLevelTokenizer tokenizer = tokenizer();
        assertThat(tokenizer.encode("hello   world<|end|>>a<|end|>")).containsExactly(file.number("hello"), 301, file.number("w"), file.number("or"),
            file.number("ld"), 303, file.number("a"), 302);
        assertThat(tokenizer.vocabularySize()).isEqualTo(304);
        assertThat(tokenizer.decode(tokenizer.encode("hello   world<|end|>"))).isEqualTo("hello   world<|end|>");
        assertThat(tokenizer.byteLength(301)).isEqualTo(3);
        assertThat(tokenizer.byteLength(302)).as("a mark is no text").isZero();
        assertThat(tokenizer.decode(299)).as("a number that is not used").isEmpty();
        assertThat(tokenizer.added("<|end|>")).isEqualTo(302);
    }

    @Test
    void normalizesOnlyWhatTheFileSays() throws IOException {
        String decomposed = "e\u0301";
        assertThat(tokenizer().decode(tokenizer().encode(decomposed))).isEqualTo(decomposed);
        file.root.putObject("normalizer").put("type", "NFC");
        file.added(300, "\u00E9!", false, true).added(301, decomposed + "?", false, false);
        assertThat(tokenizer().encode(decomposed + "!")).containsExactly(300);
        assertThat(tokenizer().encode(decomposed + "?")).containsExactly(301);
        assertThat(tokenizer().decode(tokenizer().encode(decomposed))).isEqualTo("\u00E9");
    }

    @Test
    void aSpaceIsPutBeforeTheTextWhereTheFileWantsIt() throws IOException {
        ((ObjectNode) file.root.get("pre_tokenizer")).put("add_prefix_space", true);
        assertTokens("world world", "Ġworld", "Ġworld");
        assertTokens(" world", "Ġworld");
        assertThat(tokenizer().encode("")).isEmpty();
    }

    @Test
    void mergesMayBePairsAndPiecesMayBeCutByOtherPatterns() throws IOException {
        int[] before = tokenizer().encode("hello world");
        file.model.putArray("merges");
        for (String merge : MERGES) {
            file.model.withArray("merges").addArray().add(merge.split(" ")[0]).add(merge.split(" ")[1]);
        }
        assertThat(tokenizer().encode("hello world")).isEqualTo(before);
        ObjectNode sequence = file.root.putObject("pre_tokenizer").put("type", "Sequence");
        ObjectNode split = sequence.putArray("pretokenizers").addObject().put("type", "Split").put("behavior", "Isolated").put("invert", false);
        split.putObject("pattern").put("Regex", " ?\\p{L}{1,2}| ");
        sequence.withArray("pretokenizers").addObject().put("type", "Digits").put("individual_digits", true);
        sequence.withArray("pretokenizers").addObject().put("type", "ByteLevel").put("add_prefix_space", false).put("use_regex", false);
        assertTokens("hello 12", "he", "ll", "o", "Ġ", "1", "2");
        assertTokens("he!", "he", "!");
        split.put("behavior", "Removed").put("invert", true);
        assertTokens("he!", "he");
    }

    @Test
    void aWholePieceMayGoBeforeTheMerges() throws IOException {
        ((ObjectNode) file.model.get("vocab")).put("aaa", 900);
        assertTokens("aaa", "aa", "a");
        file.model.put("ignore_merges", true);
        assertThat(tokenizer().encode("aaa")).containsExactly(900);
    }

    @Test
    void numbersBeyondSixteenBitsAreFineButNotForTraining() throws IOException {
        file.added(151_645, "<|im_end|>", true, false);
        ByteLevelTokenizer tokenizer = tokenizer();
        assertThat(tokenizer.encode("a<|im_end|>")).containsExactly(file.number("a"), 151_645);
        assertThat(tokenizer.decode(file.number("a"), 151_645)).isEqualTo("a<|im_end|>");
        Corpus corpus = new Corpus("c", List.of(new Document("a", "d", "text")), List.of(new Document("b", "d", "text")));
        assertThatThrownBy(() -> TokenSet.of(corpus, tokenizer)).isInstanceOf(InputException.class)
            .hasMessageContaining("has 151646 tokens; text to train on is kept in at most 65536");
    }

    @Test
    void documentsEndWithTheTokenOfTheModel() throws IOException {
        ByteLevelTokenizer tokenizer = tokenizer();
        assertThatThrownBy(() -> tokenizer.encodeDocuments(List.of("a"))).isInstanceOf(InputException.class).hasMessageContaining("eos_token_id");
        assertThatThrownBy(() -> tokenizer.endingDocumentsWith(5000)).isInstanceOf(InputException.class).hasMessageContaining("has 0 to");
        ByteLevelTokenizer ending = tokenizer.endingDocumentsWith(0);
        assertThat(ending.encodeDocuments(List.of("hello", " world"))).containsExactly(file.number("hello"), 0, file.number("Ġworld"), 0);
        Corpus corpus = new Corpus("c", List.of(new Document("a", "d", "hello hello"), new Document("a2", "d", "hello")), List.of(new Document("b", "d", "hell")));
        assertThat(TokenSet.of(corpus, ending).trainTokens()).isEqualTo(tokenizer.encode("hello hello").length + 1 + 2);
        assertThat(ending.fingerprint()).isNotEqualTo(tokenizer.fingerprint());
    }

    @Test
    void aLongPieceTakesNoQuadraticTime() throws IOException {
        int[] tokens = tokenizer().encode("a".repeat(400_000));
        assertThat(tokens).hasSize(100_000).containsOnly(file.number("aaaa"));
    }

    @Test
    void whatIsNotByteLevelBpeIsRefusedByName() {
        refused(f -> f.model.put("type", "Unigram"), "wants the model Unigram, which is not supported");
        refused(f -> f.model.put("type", "WordPiece"), "wants the model WordPiece");
        refused(f -> f.model.put("byte_fallback", true), "wants byte fallback, as in the tokenizers of Llama 2 and Mixtral");
        refused(f -> f.model.put("dropout", 0.1), "BPE dropout");
        refused(f -> f.model.put("end_of_word_suffix", "</w>"), "end_of_word_suffix '</w>'");
        refused(f -> f.root.putObject("normalizer").put("type", "Lowercase"), "wants the normalizer Lowercase");
        refused(f -> f.root.putObject("pre_tokenizer").put("type", "Metaspace"), "wants the pre-tokenizer Metaspace");
        refused(f -> f.root.putObject("pre_tokenizer").put("type", "Digits"), "wants the pre-tokenizer Digits");
        refused(f -> f.root.putNull("pre_tokenizer"), "wants the pre-tokenizer none");
        refused(f -> f.root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers").addObject().put("type", "Split")
            .put("behavior", "MergedWithNext"), "the pre-tokenizer Split with the behavior MergedWithNext");
        refused(f -> f.root.putObject("decoder").put("type", "Metaspace"), "wants the decoder Metaspace");
        refused(f -> ((ObjectNode) f.root.get("added_tokens").get(0)).put("lstrip", true), "the option lstrip of the added token '<|endoftext|>'");
    }

    @Test
    void anUnsoundFileIsOneSentence() throws IOException {
        refused(f -> ((ObjectNode) f.model.get("vocab")).remove("Ġ"), "its vocabulary has no token 'Ġ' for the byte 32");
        refused(f -> f.model.withArray("merges").add("q x"), "its merge \"q x\" wants the token 'qx', which its vocabulary has not");
        refused(f -> f.model.withArray("merges").add("qx"), "its merge \"qx\" is not a pair of tokens");
        refused(f -> ((ObjectNode) f.model.get("vocab")).put("x", -1), "gives 'x' the number -1");
        refused(f -> f.model.remove("vocab"), "has no vocab");
        refused(f -> f.root.remove("model"), "it has no model");
        Path broken = Files.writeString(folder.resolve("broken.json"), "{\"model\": ");
        assertThatThrownBy(() -> ByteLevelTokenizer.read(broken)).isInstanceOf(InputException.class).hasMessageContaining("broken.json is not JSON, line 1");
        assertThatThrownBy(() -> ByteLevelTokenizer.read(folder.resolve("none.json"))).isInstanceOf(InputException.class).hasMessageContaining("no such file");
    }

    private void refused(Consumer<TokenizerFile> change, String sentence) {
        TokenizerFile changed = new TokenizerFile(MERGES);
        change.accept(changed);
        assertThatThrownBy(() -> ByteLevelTokenizer.read(Files.writeString(folder.resolve("tokenizer.json"), changed.toString())))
            .isInstanceOf(InputException.class).hasMessageContaining(sentence).hasMessageContaining("tokenizer.json");
    }

    private ByteLevelTokenizer tokenizer() throws IOException {
        return ByteLevelTokenizer.read(Files.writeString(folder.resolve("tokenizer.json"), file.toString()));
    }

    private void assertTokens(String text, String... spelled) throws IOException {
        assertThat(tokenizer().encode(text)).containsExactly(IntStream.range(0, spelled.length).map(i -> file.number(spelled[i])).toArray());
    }
}
