package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class SplitProperties {
    @Property(tries = 200)
    void nothingIsLostOrOnBothSides(@ForAll @IntRange(min = 1, max = 60) int count, @ForAll @IntRange(min = 2, max = 5000) int longest,
                                    @ForAll @DoubleRange(min = 0.01, max = 0.5) double fraction) {
        List<Document> documents = IntStream.range(0, count)
                .mapToObj(i -> new Document("n" + i, "d", "z".repeat(2 + (i * 7919) % longest))).toList();
        Corpus corpus = new Split(fraction).apply("c", documents);
        assertThat(length(corpus.train()) + length(corpus.valid())).isEqualTo(length(documents));
        assertThat(length(corpus.valid())).isLessThanOrEqualTo(Math.round(0.75 * length(documents) + count));
        Set<String> names = new HashSet<>();
        Stream.concat(corpus.train().stream(), corpus.valid().stream()).forEach(d -> assertThat(names.add(d.name())).isTrue());
    }

    private static long length(List<Document> documents) {
        return documents.stream().mapToLong(d -> d.text().length()).sum();
    }
}
