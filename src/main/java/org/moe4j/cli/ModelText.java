package org.moe4j.cli;

import java.util.List;
import java.util.function.LongFunction;

import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.train.Domains;
import picocli.CommandLine.Option;

/** The text that a model of this vocabulary reads. */
final class ModelText {
    private static final long TOKENS = 65_536;
    private static final int BATCH = 16;

    @Option(names = "--text", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "files and folders, as the model was trained on; where a text is needed, the source of the running JDK by default")
    private List<String> text = List.of();

    @Option(names = "--domain", paramLabel = "D", description = "the number that all of the text has as its domain; by default each file or folder is one")
    private Integer domain;

    @Option(names = "--batch", paramLabel = "B", description = "sequences of a batch, 16 by default")
    private Integer batch;

    @Option(names = "--validation-tokens", paramLabel = "N", description = "tokens to measure on; by default 65536, or all that a shorter text has in whole sequences")
    private Long tokens;

    int batch() {
        return batch == null ? BATCH : batch;
    }

    /** @throws InputException if what is said of a text is said without one */
    boolean given() {
        if (text.isEmpty() && (domain != null || batch != null || tokens != null)) {
            throw new InputException("--domain, --batch and --validation-tokens say how a text is read, and there is none; --text FILE would do");
        }
        return !text.isEmpty();
    }

    TokenSet open(LanguageModel model) {
        int vocabulary = model.spec().vocabulary();
        DataSpec data = text.isEmpty() ? DataSpec.DEFAULT : DataSpec.DEFAULT.withText(text);
        return TokenSet.open(vocabulary == 256 ? data.withTokenizer(TokenizerKind.BYTE, vocabulary) : data.withTokenizer(TokenizerKind.BPE, vocabulary));
    }

    Validation validation(TokenSet set, LanguageModel model) {
        int time = model.spec().sequence();
        Validation all = tokens == null ? Validation.atMost(TOKENS, set, batch(), time) : Validation.of(set, tokens, batch(), time);
        return domain == null ? Domains.of(model.spec()).of(all) : new Validation(all.batches().stream().map(this::asDomain).toList(), all.tokens(), all.bytes());
    }

    LongFunction<Batch> batches(TokenSet set, LanguageModel model, long seed) {
        Batches all = new Batches(set, batch(), model.spec().sequence(), seed);
        return domain == null ? Domains.of(model.spec()).of(all::at) : step -> asDomain(all.at(step));
    }

    private Batch asDomain(Batch batch) {
        return batch.ofDomain(domain);
    }
}
