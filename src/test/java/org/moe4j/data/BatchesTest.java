package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;

class BatchesTest {
    /** In a domain of digits each token's successor is known, so a shift by one shows. */
    private static final TokenSet DIGITS = set("0123456789".repeat(30), "abcdefghij".repeat(10));

    @Test
    void aSequenceIsARunOfOneDomainsText() {
        Batch batch = new Batches(DIGITS, 64, 20, 1).at(5);
        assertThat(batch.tokens()).hasSize(64 * 20);
        for (int b = 0; b < 64; b++) {
            String tokens = DIGITS.tokenizer().decode(Arrays.copyOfRange(batch.tokens(), b * 20, b * 20 + 20));
            String targets = DIGITS.tokenizer().decode(Arrays.copyOfRange(batch.targets(), b * 20, b * 20 + 20));
            String text = batch.domains()[b] == 0 ? "0123456789".repeat(30) + "\0" : "abcdefghij".repeat(10) + "\0";
            assertThat(text).contains(tokens + targets.substring(19));
            assertThat(targets.substring(0, 19)).isEqualTo(tokens.substring(1));
        }
    }

    @Test
    void aBatchDependsOnSeedAndStepAlone() {
        Batches batches = new Batches(DIGITS, 4, 16, 7);
        Batch third = batches.at(3);
        batches.at(0);
        assertThat(batches.at(3).tokens()).isEqualTo(third.tokens());
        assertThat(new Batches(DIGITS, 4, 16, 7).at(3).targets()).isEqualTo(third.targets());
        assertThat(new Batches(DIGITS, 4, 16, 8).at(3).tokens()).isNotEqualTo(third.tokens());
        assertThat(batches.at(4).tokens()).isNotEqualTo(third.tokens());
        assertThat(Arrays.copyOf(new Batches(DIGITS, 9, 16, 7).at(3).tokens(), 4 * 16)).as("whatever the other rows").isEqualTo(third.tokens());
    }

    /** 281 + 81 places to start at: each comes about 20000 / 362 = 55 times; the domains by their number of places. */
    @Test
    void everyPlaceIsEquallyLikely() {
        Batches batches = new Batches(DIGITS, 100, 20, 3);
        long first = IntStream.range(0, 200).mapToLong(s -> Arrays.stream(batches.at(s).domains()).filter(d -> d == 0).count()).sum();
        assertThat(first / 20_000.0).isCloseTo(281 / 362.0, Offset.offset(0.012));   // 4 sigma
        TokenSet distinct = set(IntStream.range(1, 120).mapToObj(i -> String.valueOf((char) i)).collect(Collectors.joining()));
        Batches places = new Batches(distinct, 100, 100, 3);
        Set<Integer> starts = new HashSet<>();
        for (int s = 0; s < 20; s++) for (int b = 0; b < 100; b++) starts.add(places.at(s).tokens()[b * 100]);
        assertThat(starts).as("119 characters and the end: 20 places").hasSize(20).contains(1, 20);
    }

    @Test
    void aTextShorterThanASequenceIsRefused() {
        TokenSet small = set("0123456789");
        assertThat(new Batches(small, 1, 10, 1).at(0).targets()[9]).isEqualTo(Tokenizer.END_OF_DOCUMENT);
        assertThatThrownBy(() -> new Batches(small, 1, 11, 1)).isInstanceOf(InputException.class).hasMessage(
                "the text is shorter than one sequence: the longest domain has 11 tokens to train on, a sequence of 11 takes 12: "
                        + "give more text or shorten the sequence");
        assertThatThrownBy(() -> new Batches(small, 0, 11, 1)).isInstanceOf(InputException.class);
    }

    @Test
    void aShortDomainIsPassedOver() {
        TokenSet mixed = set("ab", "0123456789".repeat(5));
        assertThat(IntStream.range(0, 50).flatMap(s -> Arrays.stream(new Batches(mixed, 4, 16, 1).at(s).domains()))).containsOnly(1);
    }

    @Test
    void validationIsAFixedSliceOverTheDomains() {
        Validation validation = Validation.of(DIGITS, 203, 4, 10);
        assertThat(validation.tokens()).isEqualTo(200);
        assertThat(validation.bytes()).isEqualTo(200);
        assertThat(validation.batches()).extracting(Batch::batch).containsExactly(4, 4, 4, 4, 4);
        int[] domains = validation.batches().stream().flatMapToInt(b -> Arrays.stream(b.domains())).toArray();
        assertThat(domains).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1);
        assertThat(DIGITS.tokenizer().decode(validation.batches().getFirst().targets())).isEqualTo("1234567890".repeat(4));
    }

    @Test
    void theLastValidationBatchMayBeSmaller() {
        assertThat(Validation.of(DIGITS, 70, 3, 10).batches()).extracting(Batch::batch).containsExactly(3, 3, 1);
    }

    @Test
    void bitsPerByteCountTheBytes() {
        Corpus corpus = new Corpus("c", List.of(new Document("t", "d", "low low low lower ".repeat(9))),
                List.of(new Document("v", "d", "low low low low")));
        TokenSet pairs = TokenSet.of(corpus, BytePairTokenizer.train(List.of("low low low lower"), 300));
        Validation validation = Validation.of(pairs, 3, 1, 3);   // targets: " low" three times
        assertThat(validation.bytes()).isEqualTo(12);
        assertThat(validation.bitsPerByte(Math.log(2) * 4)).isEqualTo(1);
    }

    @Test
    void tooFewValidationTokensAreNamed() {
        assertThat(Validation.of(DIGITS, 409, 4, 10).tokens()).isEqualTo(400);
        assertThatThrownBy(() -> Validation.of(DIGITS, 410, 4, 10)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> Validation.of(DIGITS, 1000, 4, 10)).isInstanceOf(InputException.class).hasMessage(
                "validation on 1000 tokens: the validation text has only 400 in whole sequences of 10; --validation-tokens 400 or more text would do");
        assertThatThrownBy(() -> Validation.of(DIGITS, 9, 4, 10)).isInstanceOf(InputException.class)
                .hasMessage("validation on 9 tokens is less than one sequence of 10; --validation-tokens 10 or shorter sequences would do");
    }

    /** A domain for each text; the valid part is the same text. */
    static TokenSet set(String... texts) {
        List<Document> documents = IntStream.range(0, texts.length).mapToObj(i -> new Document("n" + i, "d" + i, texts[i])).toList();
        return TokenSet.of(new Corpus("c", documents, documents), new ByteTokenizer());
    }
}
