package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.data.ByteTokenizer;
import org.moe4j.data.Corpus;
import org.moe4j.data.Document;
import org.moe4j.data.TokenSet;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Init;

/** A script of a few lines trains every family, also on a text with more domains than PanGu-Sigma has groups of experts. */
class TrainerOnTextTest {
    private static final String[] DOMAINS = {"a", "b", "c", "d", "e"};

    private static TokenSet text() {
        List<Document> documents = Arrays.stream(DOMAINS).map(d -> new Document(d, d, ("the " + d + " of " + d + ", ").repeat(60))).toList();
        return TokenSet.of(new Corpus("test", documents, documents), new ByteTokenizer());
    }

    @ParameterizedTest
    @ValueSource(strings = {"moe2017-256", "moe2017-4096-h", "moe2017-4xlstm-512", "moe2017-moe-1-wide", "moe2017-moe-1-deep", "glam-64b-64e", "peer-1m", "peer-1m-gated", "pkm",
        "memory-plus", "mixtral-8x7b", "dbrx", "grok-1", "olmoe-1b-7b", "deepseek-moe-16b", "qwen1.5-moe-a2.7b", "gpt-4-rumour", "switch-base",
        "finegrained-64x3m-g8", "expert-choice-8b-64e", "peer-moe", "pangu-sigma"})
    void trains(String architecture) {
        TokenSet text = text();
        ModelSpec spec = Architecture.named(architecture).resized(new Size(text.tokenizer().vocabularySize(), 8, 16, 2, 8));
        Backend on = Backends.open("simd", 1);
        LanguageModel model = spec.build(new Init(on, 1));
        TrainingSpec training = TrainingSpec.of(8, 30, 5e-3).withEvaluationTokens(320);
        double untrained = Math.log(256);
        Trainer.Outcome outcome = new Trainer(on, model, training, text).run(step -> {});
        assertThat(outcome.evaluation().natsPerToken()).isLessThan(untrained - 0.5);
    }
}
