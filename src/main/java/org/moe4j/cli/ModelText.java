package org.moe4j.cli;

import java.util.List;
import java.util.function.LongFunction;

import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.model.LanguageModel;
import org.moe4j.train.Domains;
import picocli.CommandLine.Option;

/** The text that a model of this vocabulary reads. */
final class ModelText {
    private static final long TOKENS = 65_536;

    @Option(names = "--text", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "files and folders, as the model was trained on; none: the source of the running JDK")
    private List<String> text = List.of();

    @Option(names = "--domain", paramLabel = "D", description = "the number that all of the text has as its domain; by default each file or folder is one")
    private Integer domain;

    @Option(names = "--batch", paramLabel = "B", description = "sequences of a batch, 16 by default")
    private int batch = 16;

    @Option(names = "--validation-tokens", paramLabel = "N", description = "tokens to measure on; by default 65536, or all that a shorter text has in whole sequences")
    private Long tokens;

    int batch() {
        return batch;
    }

    boolean given() {
        return !text.isEmpty();
    }

    TokenSet open(LanguageModel model) {
        int vocabulary = model.spec().vocabulary();
        DataSpec data = text.isEmpty() ? DataSpec.DEFAULT : DataSpec.DEFAULT.withText(text);
        return TokenSet.open(vocabulary == 256 ? data.withTokenizer(TokenizerKind.BYTE, vocabulary) : data.withTokenizer(TokenizerKind.BPE, vocabulary));
    }

    Validation validation(TokenSet set, LanguageModel model) {
        int time = model.spec().sequence();
        Validation all = tokens == null ? Validation.atMost(TOKENS, set, batch, time) : Validation.of(set, tokens, batch, time);
        return domain == null ? Domains.of(model.spec()).of(all) : new Validation(all.batches().stream().map(this::asDomain).toList(), all.tokens(), all.bytes());
    }

    LongFunction<Batch> batches(TokenSet set, LanguageModel model, long seed) {
        Batches all = new Batches(set, batch, model.spec().sequence(), seed);
        return domain == null ? Domains.of(model.spec()).of(all::at) : step -> asDomain(all.at(step));
    }

    private Batch asDomain(Batch batch) {
        return batch.ofDomain(domain);
    }
}
