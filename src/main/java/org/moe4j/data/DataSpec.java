package org.moe4j.data;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.moe4j.io.InputException;

/**
 * Which text, and in which tokens.
 *
 * @param text files and folders, as {@link TextFiles} reads them; none: the source of the running JDK
 * @param validation files and folders to measure on; none: a part of the text is set aside
 * @param validFraction the part set aside, more than 0 and at most 1/2; of no effect if {@code validation} is given
 * @param jdkMegabytesPerModule how much of each module of the JDK's source to take, in MB; of no effect if {@code text} is given
 * @param tokenizer the kind of tokenizer
 * @param vocabulary V of the byte-pair tokenizer, 257 to 65536; of no effect on bytes, which are 256
 */
public record DataSpec(List<String> text, List<String> validation, double validFraction, int jdkMegabytesPerModule,
                       TokenizerKind tokenizer, int vocabulary) {
    /** The JDK's source, 2 MB of each module at most, a tenth set aside, 4096 byte pairs. */
    public static final DataSpec DEFAULT = new DataSpec(List.of(), List.of(), 0.1, 2, TokenizerKind.BPE, 4096);

    private static final long MEGABYTE = 1_000_000;

    /** Checks every field. */
    public DataSpec {
        text = List.copyOf(text);
        validation = List.copyOf(validation);
        if (text.isEmpty() && !validation.isEmpty()) throw new InputException("validation text is given, but no text to train on");
        if (jdkMegabytesPerModule < 1) {
            throw new InputException("jdkMegabytesPerModule is " + jdkMegabytesPerModule + ": want a whole number of at least 1");
        }
        if (tokenizer == TokenizerKind.BPE) BytePairTokenizer.checkVocabulary(vocabulary);
        new Split(validFraction);
    }

    /** The same with other text; without validation text, a part of it is set aside. */
    public DataSpec withText(List<String> paths) {
        return new DataSpec(paths, List.of(), validFraction, jdkMegabytesPerModule, tokenizer, vocabulary);
    }

    /** The same with other tokens. */
    public DataSpec withTokenizer(TokenizerKind kind, int size) {
        return new DataSpec(text, validation, validFraction, jdkMegabytesPerModule, kind, size);
    }

    /** Reads the text.
     *
     *  @throws InputException if it cannot be had: the sentence names the file and the reason */
    public Corpus corpus() {
        Split split = new Split(validFraction);
        if (text.isEmpty()) {
            return split.apply("jdk-" + Runtime.version().feature(), JdkSource.ofRunningJdk(jdkMegabytesPerModule * MEGABYTE).documents());
        }
        List<Document> documents = TextFiles.read(paths(text));
        String name = documents.stream().map(Document::domain).distinct().limit(3).reduce((a, b) -> a + "+" + b).orElse("text");
        if (validation.isEmpty()) return split.apply(name, documents);
        return new Corpus(name, documents, inOneDomain(documents, TextFiles.read(paths(validation))));
    }

    /** Of one file to train on and one to validate on, the two names are one domain. */
    private static List<Document> inOneDomain(List<Document> train, List<Document> valid) {
        boolean oneEach = Stream.of(train, valid).allMatch(part -> part.stream().map(Document::domain).distinct().count() == 1);
        return oneEach ? valid.stream().map(d -> new Document(d.name(), train.getFirst().domain(), d.text())).toList() : valid;
    }

    private static List<Path> paths(List<String> names) {
        return names.stream().map(DataSpec::path).toList();
    }

    static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException invalid) {
            throw new InputException("'" + name + "' is not a file name: " + invalid.getReason(), invalid);
        }
    }
}
