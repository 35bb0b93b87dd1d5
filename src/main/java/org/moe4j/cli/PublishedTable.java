package org.moe4j.cli;

import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.moe4j.cost.PublishedCount;
import org.moe4j.model.Part;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.model.zoo.Published;
import org.moe4j.report.TextTable;

/** What authors print, against what their dimensions give. */
final class PublishedTable {
    private PublishedTable() {}

    /** One line for each printed count of these architectures, then the reasons of those that are known not to be met, and how many are which. */
    static String of(Collection<Architecture> architectures) {
        List<PublishedCount> counts = architectures.stream().flatMap(architecture -> PublishedCount.of(architecture).stream()).toList();
        TextTable table = new TextTable("architecture", "count", "published", "calculated", "difference", "verdict", "source", "counted without").wordsLast();
        for (PublishedCount count : counts) {
            table.row(count.architecture().name(), quantity(count.published().quantity()), count.published().printed(),
                String.format(Locale.ROOT, "%,.0f", count.calculated()), String.format(Locale.ROOT, "%+.2f %%", 100 * count.difference()),
                lower(count.verdict()), lower(count.published().mark()), leftOut(count.published()));
        }
        return table + exceptions(counts);
    }

    /** Each reason once, with the counts that it is the reason of. */
    private static String exceptions(List<PublishedCount> counts) {
        Map<String, List<String>> reasons = counts.stream().filter(count -> count.verdict() == PublishedCount.Verdict.EXCEPTION)
            .collect(Collectors.groupingBy(count -> count.published().exception(), LinkedHashMap::new,
                Collectors.mapping(count -> count.architecture().name() + " " + quantity(count.published().quantity()), Collectors.toList())));
        StringBuilder text = new StringBuilder();
        reasons.forEach((reason, of) -> text.append(String.format("exception: %s%n    %s%n", String.join(", ", of), reason)));
        return text.toString();
    }

    /** How many counts got which verdict. */
    static String summary(Collection<Architecture> architectures) {
        List<PublishedCount> counts = architectures.stream().flatMap(architecture -> PublishedCount.of(architecture).stream()).toList();
        return String.format(Locale.ROOT, "%d published counts: %d as printed, %d within 1.5 %%, %d known exceptions, %d mismatches%n", counts.size(),
            number(counts, PublishedCount.Verdict.AS_PRINTED), number(counts, PublishedCount.Verdict.CLOSE),
            number(counts, PublishedCount.Verdict.EXCEPTION), number(counts, PublishedCount.Verdict.MISMATCH));
    }

    private static long number(List<PublishedCount> counts, PublishedCount.Verdict verdict) {
        return counts.stream().filter(count -> count.verdict() == verdict).count();
    }

    private static String quantity(Published.Quantity quantity) {
        return switch (quantity) {
            case PARAMETERS -> "total";
            case ACTIVE -> "active";
            case MULTIPLY_ADDS -> "ops/token";
        };
    }

    /** "embeddings", "norm, position", or nothing. */
    private static String leftOut(Published published) {
        Set<Part.Kind> left = EnumSet.allOf(Part.Kind.class);
        left.removeAll(published.counted());
        boolean embeddings = left.removeAll(Part.Kind.EMBEDDINGS);
        return Stream.concat(Stream.of("embeddings").filter(_ -> embeddings), left.stream().map(PublishedTable::lower)).collect(Collectors.joining(", "));
    }

    private static String lower(Enum<?> value) {
        return value == PublishedCount.Verdict.MISMATCH ? value.name() : value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
