package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;

class SplitTest {
    @Test
    void oneDocumentIsCutByPlace() {
        Corpus corpus = new Split(0.1).apply("c", List.of(new Document("a", "d", "0123456789".repeat(10))));
        assertThat(corpus.train()).extracting(Document::text).containsExactly("0123456789".repeat(9));
        assertThat(corpus.valid()).extracting(Document::text).containsExactly("0123456789");
    }

    @Test
    void theCutFallsOnALineIfOneIsNear() {
        String text = "x".repeat(84) + "\n" + "y".repeat(15);
        Corpus corpus = new Split(0.1).apply("c", List.of(new Document("a", "d", text)));
        assertThat(corpus.valid().getFirst().text()).isEqualTo("y".repeat(15));
        Corpus last = new Split(0.1).apply("c", List.of(new Document("a", "d", "123456789\n")));
        assertThat(last.valid().getFirst().text()).isEqualTo("\n");
    }

    @Test
    void aSurrogatePairIsNotCut() {
        Corpus corpus = new Split(0.1).apply("c", List.of(new Document("a", "d", "😀".repeat(5))));
        assertThat(corpus.train().getFirst().text()).isEqualTo("😀".repeat(4));
    }

    @Test
    void manyDocumentsAreSetAsideWhole() {
        List<Document> documents = documents(200, "d", 50);
        Corpus corpus = new Split(0.1).apply("c", documents);
        assertThat(corpus.valid()).hasSize(20);
        assertThat(Stream.concat(corpus.train().stream(), corpus.valid().stream())).containsExactlyInAnyOrderElementsOf(documents);
        List<Document> reversed = new ArrayList<>(documents).reversed();
        assertThat(new Split(0.1).apply("c", reversed).valid()).as("whatever the order").containsExactlyInAnyOrderElementsOf(corpus.valid());
    }

    @Test
    void everyDomainHasBothSides() {
        List<Document> documents = Stream.of(documents(40, "many", 30), documents(3, "few", 100), documents(1, "one", 100))
                .flatMap(List::stream).toList();
        Corpus corpus = new Split(0.1).apply("c", documents);
        assertThat(corpus.train()).extracting(Document::domain).contains("many", "few", "one");
        assertThat(corpus.valid()).extracting(Document::domain).contains("many", "few", "one");
        assertThat(corpus.domains()).containsExactly("many", "few", "one");
    }

    @Test
    void aFractionOutOfRangeIsRefused() {
        for (double fraction : new double[] {0, -0.1, 0.51, Double.NaN}) {
            assertThatThrownBy(() -> new Split(fraction)).isInstanceOf(InputException.class)
                    .hasMessageContaining("is " + fraction + ": want more than 0 and at most 0.5");
        }
    }

    @Test
    void aTextOfOneCharacterIsRefused() {
        assertThatThrownBy(() -> new Split(0.1).apply("c", List.of(new Document("a", "d", "x"))))
                .isInstanceOf(InputException.class).hasMessage("corpus c has no text to train on");
    }

    @Test
    void theFingerprintFollowsEveryPart() {
        Document a = new Document("a", "d", "text");
        Document b = new Document("b", "d", "more");
        String fingerprint = new Corpus("c", List.of(a), List.of(b)).fingerprint();
        assertThat(new Corpus("other name", List.of(a), List.of(b)).fingerprint()).isEqualTo(fingerprint);
        assertThat(Set.of(fingerprint, new Corpus("c", List.of(b), List.of(a)).fingerprint(),
                new Corpus("c", List.of(a, b), List.of(b)).fingerprint(), new Corpus("c", List.of(a), List.of(a, b)).fingerprint(),
                new Corpus("c", List.of(a), List.of(new Document("b", "d", "mor"))).fingerprint(),
                new Corpus("c", List.of(new Document("a", "e", "text")), List.of(b)).fingerprint())).hasSize(6);
    }

    private static List<Document> documents(int count, String domain, int length) {
        return IntStream.range(0, count).mapToObj(i -> new Document(domain + i, domain, "x".repeat(length))).toList();
    }

    private static long length(List<Document> documents) {
        return documents.stream().mapToLong(d -> d.text().length()).sum();
    }
}
