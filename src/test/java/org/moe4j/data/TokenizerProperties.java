package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class TokenizerProperties {
    private static final Tokenizer TRAINED = BytePairTokenizer.train(List.of(
            "public static int max(int a, int b) {\n        return a > b ? a : b;\n}\n".repeat(3),
            "Grüße, 世界! 😀 12345 getElementById HTTPServer_VALUE"), 330);

    /** Any chars at all, surrogates without partner among them, mixed with what source code and prose are made of. */
    @Provide
    Arbitrary<String> texts() {
        Arbitrary<String> any = Arbitraries.strings().all().ofMaxLength(20);
        Arbitrary<String> surrogates = Arbitraries.strings().withChars('\uD83D', '\uDE00', 'a', ' ').ofMaxLength(12);
        Arbitrary<String> usual = Arbitraries.of("int ", "max", "\n        return", "    ", "\t", "1234567", "😀", "é", "e\u0301", "\0", "\r\n",
                "()", "_VALUE", "getElementById", "世界", "-".repeat(200), " ".repeat(150), "a".repeat(150));
        return Combinators.combine(Arbitraries.oneOf(any, surrogates, usual).list().ofMaxSize(12).map(parts -> String.join("", parts)),
                any).as(String::concat);
    }

    @Property(tries = 1000)
    void everyStringComesBack(@ForAll("texts") String text) {
        for (Tokenizer tokenizer : List.of(TRAINED, new ByteTokenizer())) {
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Property(tries = 1000)
    void tokensCoverTheBytesExactly(@ForAll("texts") String text) {
        int bytes = Utf8.encode(text).length;
        for (Tokenizer tokenizer : List.of(TRAINED, new ByteTokenizer())) {
            assertThat(Arrays.stream(tokenizer.encode(text)).map(tokenizer::byteLength).sum()).isEqualTo(bytes);
        }
        boolean paired = StandardCharsets.UTF_8.newEncoder().canEncode(text);
        if (paired) assertThat(bytes).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
    }

    @Property(tries = 500)
    void anyTokensDecodeToText(@ForAll("tokens") int[] tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) tokens[i];
        String text = new ByteTokenizer().decode(tokens);
        assertThat(new ByteTokenizer().decode(new ByteTokenizer().encode(text))).isEqualTo(text);
        if (text.indexOf('\uFFFD') < 0) assertThat(Utf8.encode(text)).isEqualTo(bytes);
    }

    @Provide
    Arbitrary<int[]> tokens() {
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 255), Arbitraries.of(0xED, 0xA0, 0x80, 0xF0, 0x9F, 0xC0, 0xF4, 0x90, 0xE0))
                .array(int[].class).ofMaxSize(12);
    }

    /** The definition: count all pairs anew for each merge, and make each merge over the whole text in the order learned. */
    @Property(tries = 300)
    void trainingAndEncodingAreTheDefinition(@ForAll("words") List<String> texts) {
        BytePairTokenizer fast = BytePairTokenizer.train(texts, 280);
        List<List<Integer>> pieces = new ArrayList<>();
        for (String text : texts) pieces.addAll(pieces(text));
        List<int[]> merges = new ArrayList<>();
        while (merges.size() < 280 - 256) {
            Map<List<Integer>, Integer> counts = new HashMap<>();
            for (List<Integer> piece : pieces) {
                for (int i = 0; i + 1 < piece.size(); i++) counts.merge(List.copyOf(piece.subList(i, i + 2)), 1, Integer::sum);
            }
            List<Integer> best = null;
            for (List<Integer> pair : counts.keySet()) {
                if (counts.get(pair) < 2) continue;
                if (best == null || counts.get(pair) > counts.get(best) || counts.get(pair).equals(counts.get(best))
                        && (pair.get(0) < best.get(0) || pair.get(0).equals(best.get(0)) && pair.get(1) < best.get(1))) best = pair;
            }
            if (best == null) break;
            int token = 256 + merges.size();
            merges.add(new int[] {best.get(0), best.get(1)});
            for (List<Integer> piece : pieces) merge(piece, best.get(0), best.get(1), token);
        }
        assertThat(fast.vocabularySize()).isEqualTo(256 + merges.size());
        String unseen = String.join(" ", texts) + "abba  baab";
        List<Integer> expected = new ArrayList<>();
        for (List<Integer> piece : pieces(unseen)) {
            for (int i = 0; i < merges.size(); i++) merge(piece, merges.get(i)[0], merges.get(i)[1], 256 + i);
            expected.addAll(piece);
        }
        assertThat(fast.encode(unseen)).isEqualTo(expected.stream().mapToInt(i -> i).toArray());
    }

    @Provide
    Arbitrary<List<String>> words() {
        return Arbitraries.strings().withChars('a', 'b', 'c', ' ', '.').ofMaxLength(60).list().ofMaxSize(5);
    }

    private static List<List<Integer>> pieces(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<List<Integer>> pieces = new ArrayList<>();
        for (int from = 0, to; from < bytes.length; from = to) {
            to = Pieces.end(bytes, from);
            List<Integer> piece = new ArrayList<>();
            for (int i = from; i < to; i++) piece.add(bytes[i] & 0xFF);
            pieces.add(piece);
        }
        return pieces;
    }

    private static void merge(List<Integer> piece, int left, int right, int token) {
        for (int i = 0; i + 1 < piece.size(); i++) {
            if (piece.get(i) == left && piece.get(i + 1) == right) {
                piece.set(i, token);
                piece.remove(i + 1);
            }
        }
    }
}
