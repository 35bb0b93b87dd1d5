package org.moe4j.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;

/**
 * Sets a part of a text aside to measure on, the same part every time. In a domain of many documents whole documents are
 * set aside, chosen by the hash of their names; in a domain of fewer than 1/fraction documents, where that would be a
 * lottery, or where documents are too large for that, the last part of each document.
 *
 * @param validFraction the part set aside, between 0 and 1/2
 */
public record Split(double validFraction) {
    /** Refuses a fraction that leaves one side without text. */
    public Split {
        if (!(validFraction > 0 && validFraction <= 0.5)) {
            throw new InputException("the fraction of text to validate on is " + validFraction + ": want more than 0 and at most 0.5");
        }
    }

    /** Splits documents into a corpus.
     *
     *  @throws InputException if nothing is left on one side */
    public Corpus apply(String name, List<Document> documents) {
        List<Document> train = new ArrayList<>();
        List<Document> valid = new ArrayList<>();
        Map<String, List<Document>> domains = documents.stream()
                .collect(Collectors.groupingBy(Document::domain, LinkedHashMap::new, Collectors.toList()));
        for (List<Document> domain : domains.values()) {
            Set<Document> aside = setAside(domain);
            if (aside.isEmpty()) domain.forEach(document -> cut(document, train, valid));
            else domain.forEach(document -> (aside.contains(document) ? valid : train).add(document));
        }
        return new Corpus(name, train, valid);
    }

    /** Documents drawn until they make up the fraction; none where documents are too few or too large for that. */
    private Set<Document> setAside(List<Document> domain) {
        if (validFraction * domain.size() < 1) return Set.of();
        double wanted = validFraction * domain.stream().mapToLong(d -> d.text().length()).sum();
        Set<Document> aside = Collections.newSetFromMap(new IdentityHashMap<>());
        long taken = 0;
        for (Document document : Split.<Document>byHash("split", domain, Document::name)) {
            int length = document.text().length();
            if (taken >= wanted) break;
            if (taken + length > 1.5 * wanted) continue;
            aside.add(document);
            taken += length;
        }
        return aside;
    }

    /** Things in an order that depends on their names alone, and looks random. */
    static <T> List<T> byHash(String purpose, List<? extends T> things, Function<? super T, String> name) {
        record Drawn<T>(long hash, String name, T thing) { }
        return things.stream()
                .map(thing -> new Drawn<T>(CounterRandom.of(0, purpose + "/" + name.apply(thing)).bits(0), name.apply(thing), thing))
                .sorted(Comparator.<Drawn<T>>comparingLong(Drawn::hash).thenComparing(Drawn::name))
                .map(Drawn::thing)
                .toList();
    }

    private void cut(Document document, List<Document> train, List<Document> valid) {
        String text = document.text();
        int at = text.length() - (int) Math.ceil(validFraction * text.length());
        int line = text.lastIndexOf('\n', at - 1);
        if (line > text.length() * (1 - 2 * validFraction)) at = line + 1;   // a line's end, if there is one near
        if (at > 0 && Character.isLowSurrogate(text.charAt(at)) && Character.isHighSurrogate(text.charAt(at - 1))) at--;
        if (at > 0) train.add(new Document(document.name(), document.domain(), text.substring(0, at)));
        valid.add(new Document(document.name() + " (end)", document.domain(), text.substring(at)));
    }
}
