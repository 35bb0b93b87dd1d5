package org.moe4j.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Size;
import org.moe4j.nn.Init;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class SwitchModelsTest {
    /** Total and active in units of 1e9, rounded as the card has them. */
    @ParameterizedTest
    @CsvSource({"switch-base, 7.415, 0.224", "switch-large, 27.12, 0.753", "switch-xxl, 201.3, 11.0", "switch-xxl-128e, 394.5, 11.0", "switch-c, 1571.3, 1.73"})
    void theShapesGiveTheCardsCounts(String name, String total, String active) {
        List<Part> counted = counted(Architecture.named(name));
        assertThat(rounded(counted.stream().mapToLong(Part::parameters).sum(), total)).isEqualTo(total);
        assertThat(rounded(counted.stream().mapToLong(Part::active).sum(), active)).isEqualTo(active);
    }

    private static List<Part> counted(Architecture a) {
        return a.spec().parts(1, 2).stream().filter(part -> a.published().getFirst().counted().contains(part.kind())).toList();
    }

    private static String rounded(long count, String like) {
        int digits = like.length() - like.indexOf('.') - 1;
        return String.format(Locale.ROOT, "%." + digits + "f", count / 1e9);
    }

    /** Enc L·4·d·inner, dec L·8·d·inner, 3·d·ff for each of 2L layers, all mixtures' other experts and routers, V·d: formula F3 by hand for the base model. */
    @Test
    void theBaseModelByHand() {
        long d = 768;
        long dense = 12 * 12 * d * d + 12 * 3 * d * 2048 + 32_128 * d;
        assertThat(counted(Architecture.named("switch-base")).stream().mapToLong(Part::parameters).sum())
            .isEqualTo(dense + 12 * (128 * 3 * d * 2048 + 128 * d));
    }

    @Test
    void printedCountsAgreeOrCarryTheirReason() {
        for (Architecture a : SwitchModels.all()) {
            Published p = a.published().getFirst();
            assertThat(p.agrees(counted(a).stream().mapToLong(Part::parameters).sum())).as(a.name()).isEqualTo(p.exception().isEmpty());
        }
        assertThat(Architecture.named("switch-xxl").published().getFirst().exception()).contains("128 experts").contains("64");
    }

    @Test
    void mixturesStandInEveryOtherBlockOrInAll() {
        assertThat(Architecture.named("switch-base").spec().feedForwards()).hasSize(24).filteredOn(MixtureOfExperts.Spec.class::isInstance).hasSize(12);
        assertThat(Architecture.named("switch-c").spec().feedForwards()).hasSize(30).allMatch(MixtureOfExperts.Spec.class::isInstance);
    }

    @Test
    void trainsWhenItIsSmaller() {
        ModelSpec small = Architecture.named("switch-base").spec().resized(new Size(12, 8, 16, 4, 4));
        assertThat(small.feedForwards()).hasSize(4);
        try (Backend on = new ReferenceBackend()) {
            LanguageModel model = small.build(new Init(on, 1));
            List<Double> losses = new ArrayList<>();
            new Trainer(on, model, TrainingSpec.of(8, 80, 0.02), SwitchModelsTest::counting, null).run(step -> losses.add(step.loss()));
            assertThat(losses.getLast()).isLessThan(losses.getFirst() - 1);
        }
    }

    /** Sequences that count up or down by one; which, only the first half tells the first token of the second. */
    private static Batch counting(long step) {
        CounterRandom random = CounterRandom.of(1, "counting").at(step);
        int[] tokens = new int[64];
        int[] targets = new int[64];
        Arrays.setAll(tokens, i -> Math.floorMod(random.below(i / 8, 12) + way(random, i) * (i % 8), 12));
        Arrays.setAll(targets, i -> Math.floorMod(tokens[i] + way(random, i), 12));
        return new Batch(8, 8, tokens, targets, new int[8]);
    }

    private static int way(CounterRandom random, int i) {
        return random.below(100 + i / 8, 2) == 0 ? 1 : -1;
    }
}
