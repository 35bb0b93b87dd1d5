package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.ExpertChoiceRouter.Grouping;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.nn.Pass;

/**
 * Grouped by position, an expert picks among tokens that stand at one place of different sequences, so what comes later in any of
 * them is news to no earlier token (Krajewski et al. 2024, appendix A). Grouped by batch a later token takes an earlier one's place with an
 * expert: a leak through the choice, which no gradient shows.
 */
class ExpertChoiceCausalityTest {
    private static final int BATCH = 8;

    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    /** In training and evaluation, with two groups of four sequences at each position and with one of all eight. */
    @ParameterizedTest
    @ValueSource(ints = {4, 8, 256})
    void groupedByPositionNoEarlierTokenOfAnySequenceChanges(int groupSize) {
        Transformer.Spec spec = spec(Grouping.POSITION, groupSize);
        for (boolean training : new boolean[] {true, false}) {
            for (int from = 1; from < spec.sequence(); from++) {
                assertThat(firstChange(spec, from, training)).as("tokens from %d on changed", from).isEqualTo(from);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 40})
    void groupedByBatchEarlierTokensChange(int groupSize) {
        Transformer.Spec spec = spec(Grouping.BATCH, groupSize);
        assertThat(IntStream.range(1, spec.sequence())).anyMatch(from -> firstChange(spec, from, true) < from);
    }

    private static Transformer.Spec spec(Grouping grouping, int groupSize) {
        return AnyLayer.model(new MixtureOfExperts.Spec(new ExpertChoiceRouter.Spec(4, 2, grouping, groupSize), new MlpExperts.Spec()));
    }

    /** The first position at which logits of any sequence change when all tokens from position {@code from} on do. */
    private int firstChange(Transformer.Spec spec, int from, boolean training) {
        LanguageModel model = AnyLayer.awake(on, spec, 3);
        int time = spec.sequence();
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), BATCH * time, 5);
        double[] before = logits(model, tokens, training);
        int[] changed = tokens.clone();
        Arrays.setAll(changed, i -> i % time < from ? tokens[i] : (tokens[i] + 1) % spec.vocabulary());
        double[] after = logits(model, changed, training);
        return IntStream.range(0, before.length).filter(i -> before[i] != after[i]).map(i -> i / spec.vocabulary() % time).min().orElse(time);
    }

    private double[] logits(LanguageModel model, int[] tokens, boolean training) {
        int time = tokens.length / BATCH;
        Pass pass = training ? Pass.training(BATCH, time, 1, 0) : Pass.evaluation(BATCH, time);
        try (Tape t = new Tape(on, arena, false)) {
            return model.forward(t, tokens, pass).logits(t).value().toDoubles();
        }
    }
}
