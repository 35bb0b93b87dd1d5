package org.moe4j.cli;

import java.util.List;
import java.util.stream.Stream;
import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.Corpus;
import org.moe4j.data.DataSpec;
import org.moe4j.data.Document;
import org.moe4j.data.TokenSet;
import org.moe4j.data.Tokenizer;
import org.moe4j.data.TokenizerCache;
import org.moe4j.data.Validation;
import org.moe4j.io.InputException;

/** The first two domains of a text in the tokens of both, to be had one by one: batches and validation of each. */
record TwoDomains(List<TokenSet> sets, List<Batches> batches, List<Validation> validations) {
    private static final long VALIDATION = 16_384;

    /** @throws InputException if the text has fewer than two domains, or one of them is too short */
    static TwoDomains of(DataSpec data, int batch, int time) {
        Corpus all = data.corpus();
        if (all.domains().size() < 2) {
            throw new InputException("the text has one domain, " + all.domains().getFirst() + "; want two files or folders, a domain each");
        }
        Corpus both = new Corpus(all.name(), of(all.train(), all.domains().subList(0, 2)), of(all.valid(), all.domains().subList(0, 2)));
        Tokenizer tokenizer = TokenizerCache.standard().bytePairs(both, data.vocabulary());
        List<TokenSet> sets = Stream.of(0, 1).map(d -> List.of(all.domains().get(d)))
            .map(domain -> TokenSet.of(new Corpus(domain.getFirst(), of(all.train(), domain), of(all.valid(), domain)), tokenizer)).toList();
        return new TwoDomains(sets, sets.stream().map(set -> new Batches(set, batch, time, 1)).toList(),
            Stream.of(0, 1).map(d -> ofDomain(Validation.atMost(VALIDATION, sets.get(d), batch, time), d)).toList());
    }

    private static List<Document> of(List<Document> documents, List<String> domains) {
        return documents.stream().filter(document -> domains.contains(document.domain())).toList();
    }

    private static Validation ofDomain(Validation all, int domain) {
        return new Validation(all.batches().stream().map(batch -> batch.ofDomain(domain)).toList(), all.tokens(), all.bytes());
    }

    String name(int domain) {
        return sets.get(domain).name();
    }

    Batch batch(int domain, long step) {
        return batches.get(domain).at(step).ofDomain(domain);
    }

    /** The domains' batches in turn, in the order in which each has them alone. */
    Batch both(long step) {
        return batch((int) (step % 2), step / 2);
    }

    Validation validation(int domain) {
        return validations.get(domain);
    }

    /** For each domain the share of each token in its first batches. */
    double[][] frequencies(int vocabulary, int counted) {
        double[][] frequencies = new double[2][vocabulary];
        for (int domain = 0; domain < 2; domain++) {
            for (int step = 0; step < counted; step++) {
                int[] tokens = batch(domain, step).tokens();
                for (int token : tokens) {
                    frequencies[domain][token] += 1.0 / tokens.length / counted;
                }
            }
        }
        return frequencies;
    }
}
