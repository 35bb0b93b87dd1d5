package org.moe4j.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.moe4j.io.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trained tokenizers, kept in a folder under the hash of what they were trained on. Runs side by side may share it: files
 * are written atomically and the same name always means the same content. A file that is corrupted is made anew, and a
 * folder that cannot be written costs time but no run.
 *
 * @param folder where the tokenizers are; made when needed
 */
public record TokenizerCache(Path folder) {
    /** The most text to train a tokenizer on, in characters: more changes the merges little and costs time. */
    static final long SAMPLE = 8L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(TokenizerCache.class);

    /** The folder named by the system property {@code moe4j.cache}, or .cache/moe4j in the user's home. */
    public static TokenizerCache standard() {
        String given = System.getProperty("moe4j.cache");
        return new TokenizerCache(given != null ? Path.of(given) : Path.of(System.getProperty("user.home"), ".cache", "moe4j"));
    }

    /**
     * The byte-pair tokenizer of a corpus' train part: read if it is there, otherwise trained and kept.
     *
     * @throws InputException if the vocabulary is out of range
     */
    public BytePairTokenizer bytePairs(Corpus corpus, int vocabulary) {
        List<Document> sample = sample(corpus.train());
        Path file = folder.resolve("bpe-" + vocabulary + "-v" + Pieces.VERSION + "-" + Corpus.hash(sample.stream()).substring(0, 24) + ".json");
        if (Files.exists(file)) {
            try {
                return BytePairTokenizer.load(file);
            } catch (InputException unsound) {
                LOG.warn("{}; it is made anew", unsound.getMessage());
            }
        }
        BytePairTokenizer trained = BytePairTokenizer.train(sample.stream().map(Document::text).toList(), vocabulary);
        try {
            trained.save(file);
        } catch (InputException unwritable) {
            LOG.warn("the tokenizer is not kept for the next run: {}", unwritable.getMessage());
        }
        return trained;
    }

    /** The first part of each document, as large a part as the sample's size allows. */
    private static List<Document> sample(List<Document> documents) {
        long length = documents.stream().mapToLong(d -> d.text().length()).sum();
        if (length <= SAMPLE) return documents;
        return documents.stream().map(d -> {
            int part = (int) Math.ceilDiv(d.text().length() * SAMPLE, length);
            return new Document(d.name(), d.domain(), d.text().substring(0, part));
        }).toList();
    }
}
