package org.moe4j.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.moe4j.io.FileHash;
import org.moe4j.io.InputException;

/**
 * Text in two parts, to train on and to measure on.
 *
 * @param name for tables and file names
 * @param train the documents to train on, in a fixed order
 * @param valid the documents to measure on, in a fixed order
 */
public record Corpus(String name, List<Document> train, List<Document> valid) {
    /** Refuses a corpus with nothing to train on or nothing to measure on. */
    public Corpus {
        train = List.copyOf(train);
        valid = List.copyOf(valid);
        if (train.isEmpty()) throw new InputException("corpus " + name + " has no text to train on");
        if (valid.isEmpty()) throw new InputException("corpus " + name + " has no text to validate on");
    }

    /** The domains, in the order in which they first come; a domain's number is its place here. */
    public List<String> domains() {
        return Stream.concat(train.stream(), valid.stream()).map(Document::domain).distinct().toList();
    }

    /** A hash of every document's domain, name and text and of the split: equal corpora have equal ones. */
    public String fingerprint() {
        return hash(Stream.concat(train.stream(), Stream.concat(Stream.of(new Document("", "", "|")), valid.stream())));
    }

    static String hash(Stream<Document> documents) {
        MessageDigest digest = FileHash.digest();
        documents.forEach(document -> {
            for (String part : List.of(document.domain(), document.name(), document.text())) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
        });
        return HexFormat.of().formatHex(digest.digest());
    }
}
