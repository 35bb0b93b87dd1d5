package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.io.InputException;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.train.TrainingSpec;

/** A trial is a function of its spec, also where its experts lie in files. */
class StoredTrialTest {
    @TempDir
    Path folder;

    @Test
    void aTrialDoesNotBeginWithTheExpertsOfAnother() throws IOException {
        DataSpec data = DataSpec.DEFAULT.withText(List.of(TinySweep.text(folder).toString())).withTokenizer(TokenizerKind.BYTE, 256);
        TokenSet text = TokenSet.open(data);
        String store = folder.resolve("store").toString();
        Transformer.Spec model = new Transformer.Spec(256, 16, 16, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true,
            Repeat.everyBlock(1, new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(8)), new StoredMlpExperts.Spec(8, Activation.GELU, store))));
        TrialSpec spec = new TrialSpec("stored", "MoE", 1, model, TrainingSpec.of(2, 4, 1e-3).withEvaluationTokens(64).withIntervals(0, 2, 0), data, 1);
        ProgressBars bars = ProgressBars.lines(new PrintStream(OutputStream.nullOutputStream()));
        try (Backend on = Backends.open("simd", 1)) {
            double loss = new Trial(spec, text, on, folder.resolve("one")).run(bars).orElseThrow().validationLoss();
            assertThat(new Trial(spec, text, on, folder.resolve("one")).run(bars).orElseThrow().validationLoss()).as("from its checkpoint").isEqualTo(loss);
            assertThatThrownBy(() -> new Trial(spec, text, on, folder.resolve("two"))).isInstanceOf(InputException.class)
                .hasMessage(Path.of(store, "blocks.0.feedForward.experts.in.rows") + " has rows of an earlier run, which a new one would go on from; "
                    + "remove it, or give another folder");
        }
    }
}
