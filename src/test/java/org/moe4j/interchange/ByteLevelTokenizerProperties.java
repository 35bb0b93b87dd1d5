package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.moe4j.data.ByteTokenizer;
import org.moe4j.data.Utf8;

class ByteLevelTokenizerProperties {
    private static final ByteLevelTokenizer TOKENIZER = tokenizer(new TokenizerFile("a b", "Ġ a", "ab c", "Ġa b", "Ã ©", "e e", "c d", "cd e").toString());
    private static final ByteLevelTokenizer BYTES = tokenizer(ByteAlphabet.tokenizer().toString());

    /** Lone surrogates too. */
    @Property(tries = 500)
    void everyTextComesBack(@ForAll @StringLength(max = 40) String text) {
        int[] tokens = TOKENIZER.encode(text);
        assertThat(TOKENIZER.decode(tokens)).isEqualTo(text);
        assertThat(Arrays.stream(tokens).map(TOKENIZER::byteLength).sum()).isEqualTo(Utf8.encode(text).length);
    }

    /** What is written for a model trained on bytes reads as what it was trained with. */
    @Property(tries = 200)
    void theTokenizerOfBytesIsTheByteTokenizer(@ForAll @StringLength(max = 40) String text) {
        assertThat(BYTES.encode(text)).isEqualTo(new ByteTokenizer().encode(text));
        assertThat(BYTES.decode(BYTES.encode(text))).isEqualTo(text);
        assertThat(BYTES.vocabularySize()).isEqualTo(256);
    }

    @Property(tries = 500)
    void proseComesBack(@ForAll @StringLength(max = 60) @CharRange(from = ' ', to = '0') @CharRange(from = 'a', to = 'e') String text) {
        assertThat(TOKENIZER.decode(TOKENIZER.encode(text))).isEqualTo(text);
    }

    /** The queue finds what looking through all neighbours again and again finds. */
    @Property(tries = 1000)
    void mergesAreThoseOfTheDefinition(@ForAll @Size(max = 12) List<@IntRange(max = 3) Integer> left, @ForAll @Size(max = 12) List<@IntRange(max = 5) Integer> right,
                                       @ForAll @Size(max = 24) List<@IntRange(max = 3) Integer> tokens) {
        BytePairMerges merges = new BytePairMerges();
        List<int[]> rules = new ArrayList<>();
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            int[] rule = {left.get(i), right.get(i), 4 + i};
            if (rules.stream().noneMatch(r -> r[0] == rule[0] && r[1] == rule[1])) {
                rules.add(rule);
                merges.add(rule[0], rule[1], rule[2]);
            }
        }
        assertThat(merges.size()).isEqualTo(rules.size());
        List<Integer> expected = new ArrayList<>(tokens);
        while (mergeOne(rules, expected)) { }
        assertThat(merges.apply(tokens.stream().mapToInt(i -> i).toArray())).containsExactly(expected.stream().mapToInt(i -> i).toArray());
    }

    private static boolean mergeOne(List<int[]> rules, List<Integer> tokens) {
        for (int[] rule : rules) {
            for (int i = 0; i + 1 < tokens.size(); i++) {
                if (tokens.get(i) == rule[0] && tokens.get(i + 1) == rule[1]) {
                    tokens.set(i, rule[2]);
                    tokens.remove(i + 1);
                    return true;
                }
            }
        }
        return false;
    }

    private static ByteLevelTokenizer tokenizer(String json) {
        try {
            Path file = Files.createTempFile("tokenizer", ".json");
            Files.writeString(file, json);
            ByteLevelTokenizer read = ByteLevelTokenizer.read(file);
            Files.delete(file);
            return read;
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }
}
