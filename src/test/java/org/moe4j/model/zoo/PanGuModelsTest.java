package org.moe4j.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Size;
import org.moe4j.nn.Init;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class PanGuModelsTest {
    private static final ModelSpec SIGMA = Architecture.named("pangu-sigma").spec();
    private static final ModelSpec ALPHA = Architecture.named("pangu-alpha-13b").spec();

    private static long count(ModelSpec spec, ToLongFunction<Part> what) {
        return spec.parts(1, 1).stream().filter(p -> p.kind() == Part.Kind.ATTENTION || p.kind() == Part.Kind.FEED_FORWARD).mapToLong(what).sum();
    }

    /** 8·640·2·5120·20480 + 32·2·5120·20480 + 40·4·5120² (the card's calculation); 40 blocks of one feed-forward each are active. */
    @Test
    void theShapeGivesThePublishedTotal() {
        assertThat(count(SIGMA, Part::parameters)).isEqualTo(1_084_647_014_400L);
        assertThat(count(SIGMA, Part::active)).isEqualTo(12_582_912_000L);
        assertThat(Architecture.named("pangu-sigma").note()).contains("1,084,647,014,400 parameters, a token uses 12,582,912,000");
        assertThat(count(ALPHA, Part::parameters)).isEqualTo(count(ALPHA, Part::active)).isEqualTo(12_582_912_000L);
        assertThat(embedding(SIGMA)).isEqualTo(SIGMA.vocabulary() * 5120L);
        assertThat(count(ALPHA, Part::parameters) + embedding(ALPHA)).isEqualTo(12_787_712_000L);
    }

    private static long embedding(ModelSpec spec) {
        return spec.parts(1, 1).stream().filter(p -> Part.Kind.EMBEDDINGS.contains(p.kind())).mapToLong(Part::parameters).sum();
    }

    @Test
    void thePrintedCountsAgree() {
        for (Architecture a : PanGuModels.all()) {
            for (Published p : a.published()) {
                long parameters = a.spec().parts(1, 1).stream().filter(part -> p.counted().contains(part.kind())).mapToLong(Part::parameters).sum();
                assertThat(p.agrees(parameters)).as("%s prints %s, its dimensions give %d", a.name(), p.printed(), parameters).isTrue();
            }
        }
    }

    @Test
    void theLowerBlocksAreDenseAndTheUpperOnesRandomRouted() {
        assertThat(SIGMA.feedForwards()).hasSize(40);
        assertThat(SIGMA.feedForwards().subList(0, 32)).noneMatch(MixtureOfExperts.Spec.class::isInstance);
        assertThat(SIGMA.feedForwards().subList(32, 40)).allMatch(layer -> layer instanceof MixtureOfExperts.Spec m && m.router() instanceof RandomRouter.Spec
            && m.router().parameters(5120) == 0);
    }

    /** Two domains that count in opposite directions, which the groups of experts tell apart by their number alone. */
    @Test
    void trainsWhenItIsSmaller() {
        ModelSpec small = SIGMA.resized(new Size(12, 8, 16, 3, 8));
        assertThat(small.feedForwards()).hasSize(3);
        try (Backend on = new ReferenceBackend()) {
            LanguageModel model = small.build(new Init(on, 1));
            List<Double> losses = new ArrayList<>();
            new Trainer(on, model, TrainingSpec.of(8, 60, 0.02), PanGuModelsTest::counting, null).run(step -> losses.add(step.loss()));
            assertThat(losses.getLast()).isLessThan(losses.getFirst() - 1);
        }
    }

    private static Batch counting(long step) {
        CounterRandom random = CounterRandom.of(1, "counting").at(step);
        int[] domains = new int[8];
        Arrays.setAll(domains, s -> s % 2);
        int[] tokens = new int[64];
        int[] targets = new int[64];
        Arrays.setAll(tokens, i -> Math.floorMod(random.below(i / 8, 12) + (domains[i / 8] == 0 ? i % 8 : -i % 8), 12));
        Arrays.setAll(targets, i -> Math.floorMod(tokens[i] + (domains[i / 8] == 0 ? 1 : -1), 12));
        return new Batch(8, 8, tokens, targets, domains);
    }
}
