package org.moe4j.data;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.moe4j.io.InputException;

/**
 * A corpus in tokens, held in memory, 16 bits a token: a stream for each domain of the train part and of the valid part. In
 * a stream each document is followed by the token that ends one. Immutable, so all trials of a sweep share one.
 */
public final class TokenSet {
    private final String name;
    private final String fingerprint;
    private final Tokenizer tokenizer;
    private final List<String> domains;
    private final char[][] train;
    private final char[][] valid;

    private TokenSet(Corpus corpus, Tokenizer tokenizer) {
        this.name = corpus.name();
        this.fingerprint = corpus.fingerprint();
        this.tokenizer = tokenizer;
        this.domains = corpus.domains();
        this.train = new char[domains.size()][];
        this.valid = new char[domains.size()][];
        IntStream.range(0, 2 * domains.size()).parallel().forEach(i -> {
            int d = i / 2;
            if (i % 2 == 0) train[d] = stream(corpus.train(), d);
            else valid[d] = stream(corpus.valid(), d);
        });
    }

    /** @param streams those of the train part, then those of the valid part */
    TokenSet(String name, String fingerprint, Tokenizer tokenizer, List<String> domains, char[][] streams) {
        this.name = name;
        this.fingerprint = fingerprint;
        this.tokenizer = tokenizer;
        this.domains = List.copyOf(domains);
        this.train = Arrays.copyOf(streams, domains.size());
        this.valid = Arrays.copyOfRange(streams, domains.size(), streams.length);
    }

    /** Encodes a corpus.
     *
     *  @throws InputException if the vocabulary has more tokens than 16 bits tell apart */
    public static TokenSet of(Corpus corpus, Tokenizer tokenizer) {
        if (tokenizer.vocabularySize() > Tokenizer.MAX_VOCABULARY) {
            throw new InputException("the tokenizer " + tokenizer.name() + " has " + tokenizer.vocabularySize()
                    + " tokens; text to train on is kept in at most " + Tokenizer.MAX_VOCABULARY);
        }
        return new TokenSet(corpus, tokenizer);
    }

    /** Reads the text and the tokenizer of a spec, or their tokens where the standard folder has them from before; trained tokenizers are kept there too.
     *
     *  @throws InputException if the text cannot be had, or does not fit into the heap */
    public static TokenSet open(DataSpec spec) {
        return open(spec, TokenizerCache.standard());
    }

    /** Reads the text and the tokenizer of a spec, or their tokens where they are kept from before.
     *
     *  @throws InputException if the text cannot be had, or does not fit into the heap */
    public static TokenSet open(DataSpec spec, TokenizerCache cache) {
        TokenCache kept = new TokenCache(cache.folder());
        try {
            Optional<String> key = kept.key(spec);
            Optional<TokenSet> known = key.flatMap(k -> kept.read(k, spec.tokenizer()));
            if (known.isPresent()) return known.get();
            Corpus corpus = spec.corpus();
            TokenSet made = of(corpus, switch (spec.tokenizer()) {
                case BYTE -> new ByteTokenizer();
                case BPE -> cache.bytePairs(corpus, spec.vocabulary());
            });
            if (key.equals(kept.key(spec))) key.ifPresent(k -> kept.keep(k, made)); // unless the text has changed meanwhile
            return made;
        } catch (OutOfMemoryError tooMuch) {   // nothing is half done: the text is all there was
            throw new InputException("the text does not fit into the heap of " + Runtime.getRuntime().maxMemory() / (1 << 20)
                    + " MB: give less of it, or more memory with -Xmx", tooMuch);
        }
    }

    private char[] stream(List<Document> documents, int domain) {
        int[] tokens = tokenizer.encodeDocuments(documents.stream().filter(d -> d.domain().equals(domains.get(domain))).map(Document::text).toList());
        char[] packed = new char[tokens.length];
        for (int i = 0; i < packed.length; i++) packed[i] = (char) tokens[i];
        return packed;
    }

    /** The corpus' name. */
    public String name() {
        return name;
    }

    /** The corpus' fingerprint. */
    public String fingerprint() {
        return fingerprint;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The domains' names; a domain's number is its place here. */
    public List<String> domains() {
        return domains;
    }

    /** Tokens in the train part. */
    public long trainTokens() {
        return Stream.of(train).mapToLong(stream -> stream.length).sum();
    }

    /** Tokens in the valid part. */
    public long validTokens() {
        return Stream.of(valid).mapToLong(stream -> stream.length).sum();
    }

    /** All of them, those of the train part first; not to be changed. */
    char[][] streams() {
        return Stream.of(train, valid).flatMap(Stream::of).toArray(char[][]::new);
    }

    /** The train part's stream of each domain; not to be changed. */
    char[][] train() {
        return train;
    }

    /** The valid part's stream of each domain; not to be changed. */
    char[][] valid() {
        return valid;
    }
}
