package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.experts.HierarchicalRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class GrowthTest {
    private static LanguageModel mixture(Backend on) {
        return Tiny.trained(on, 1, Tiny.mixture(new TopKRouter.Spec(5, 2)), Tiny.dense(Activation.SWIGLU, false), Tiny.mixture(new TopKRouter.Spec(4, 1)));
    }

    private static void train(Backend on, LanguageModel model, int domain, long steps, List<String> names) {
        TrainingSpec spec = TrainingSpec.of(4, steps, 0.02).withTrained(names.toArray(String[]::new));
        new Trainer(on, model, spec, Tiny.counting(4, domain), null).run(m -> {});
    }

    /** Bit for bit, before and after the new domain was learned, and again after a second one. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void oldDomainsKeepTheirResultsToTheLastBit(String device) {
        try (Backend on = Backends.open(device, 2)) {
            LanguageModel model = mixture(on);
            Tiny.Answer old = Tiny.ask(on, model, 0);
            Growth growth = new Growth(3, 1, false, 0, 7);
            LanguageModel grown = growth.apply(on, model);
            assertThat(Tiny.ask(on, grown, 0).logits()).isEqualTo(old.logits());

            double before = Tiny.ask(on, grown, 1).loss();
            train(on, grown, 1, 30, growth.trained(grown));
            Tiny.Answer learned = Tiny.ask(on, grown, 1);
            assertThat(learned.loss()).isLessThan(before - 0.05);
            assertThat(IntStream.range(5, 8).mapToLong(e -> learned.loads().getFirst().load()[e]).sum()).as("tokens of new experts").isPositive();
            assertThat(Tiny.ask(on, grown, 0).logits()).isEqualTo(old.logits());

            Growth second = new Growth(2, 2, true, 0.01, 8);
            LanguageModel twice = second.apply(on, grown);
            train(on, twice, 2, 5, second.trained(twice));
            assertThat(Tiny.ask(on, twice, 0).logits()).isEqualTo(old.logits());
            assertThat(Tiny.ask(on, twice, 1).logits()).isEqualTo(learned.logits());
        }
    }

    /** Sequences of several domains side by side are routed as each alone. */
    @Test
    void aBatchOfSeveralDomainsIsRoutedAsEachAlone() {
        Backend on = new ReferenceBackend();
        LanguageModel grown = new Growth(3, 1, false, 0, 7).apply(on, mixture(on));
        Batch zero = Tiny.counting(3, 0).apply(-1);
        Batch one = Tiny.counting(3, 1).apply(-1);
        int[] tokens = new int[6 * Tiny.TIME];
        for (int b = 0; b < 6; b++) {
            System.arraycopy((b % 2 == 0 ? zero : one).tokens(), b / 2 * Tiny.TIME, tokens, b * Tiny.TIME, Tiny.TIME);
        }
        double[] mixed = Tiny.ask(on, grown, new Batch(6, Tiny.TIME, tokens, tokens, new int[] {0, 1, 0, 1, 0, 1})).logits();
        int width = Tiny.TIME * Tiny.VOCABULARY;
        for (int b = 0; b < 6; b++) {
            double[] alone = Tiny.ask(on, grown, b % 2 == 0 ? zero : one).logits();
            assertThat(Arrays.copyOfRange(mixed, b * width, (b + 1) * width)).isEqualTo(Arrays.copyOfRange(alone, b / 2 * width, (b / 2 + 1) * width));
        }
    }

    @Test
    void onlyTheNewIsTrained() {
        Backend on = new ReferenceBackend();
        Growth growth = new Growth(3, 1, true, 0.01, 7);
        LanguageModel grown = growth.apply(on, mixture(on));
        assertThat(growth.trained(grown)).containsExactly("blocks.0.feedForward.experts[5..]", "blocks.0.feedForward.router[5..]",
            "blocks.2.feedForward.experts[4..]", "blocks.2.feedForward.router[4..]");
        Map<String, double[]> before = new HashMap<>();
        grown.parameters().forEach(p -> before.put(p.name(), p.value().toDoubles()));
        train(on, grown, 1, 10, growth.trained(grown));
        for (Parameter p : grown.parameters()) {
            boolean stacked = p.name().matches(".*feedForward\\.(experts|router)\\..*");
            int old = !stacked ? p.shape().dim(0) : p.name().startsWith("blocks.0") ? 5 : 4;
            double[] now = p.value().toDoubles();
            int end = now.length / p.shape().dim(0) * old;
            assertThat(Arrays.copyOf(now, end)).as(p.name()).isEqualTo(Arrays.copyOf(before.get(p.name()), end));
            if (stacked) {
                assertThat(now).as(p.name()).isNotEqualTo(before.get(p.name()));
            }
        }
    }

    /** Rows of zero are passed over by tokens with K positive logits. */
    @Test
    void grownForEveryInputTheFunctionIsNear() {
        Backend on = new ReferenceBackend();
        LanguageModel model = mixture(on);
        LanguageModel grown = new Growth(3, 0, true, 0, 7).apply(on, model);
        Tiny.Answer before = Tiny.ask(on, model, 0);
        Tiny.Answer after = Tiny.ask(on, grown, 0);
        assertThat(((MixtureOfExperts.Spec) grown.spec().feedForwards().getFirst()).router()).isEqualTo(new TopKRouter.Spec(8, 2));
        long same = 0;
        for (int i = 0; i < after.logits().length; i++) {
            same += Math.abs(after.logits()[i] - before.logits()[i]) < 1e-9 ? 1 : 0;
        }
        assertThat(same).as("logits that are as before").isBetween(after.logits().length / 10L, after.logits().length - 1L);
    }

    /** A router of the paper that each is: rows that were stay, new ones know nothing yet, and the grown model trains. */
    @ParameterizedTest
    @ValueSource(strings = {"noisy-top-k", "switch", "capacity", "expert-choice", "strictly-balanced"})
    void anyRouterWithARowForEachExpertGrowsForEveryInput(String name) {
        Backend on = new ReferenceBackend();
        RouterSpec router = SpecCatalog.ROUTERS.example(name).atMost(4);
        LanguageModel model = Tiny.model(on, 1, Tiny.mixture(router));
        LanguageModel grown = new Growth(2, 0, true, 0, 7).apply(on, model);
        assertThat(((MixtureOfExperts.Spec) grown.spec().feedForwards().getFirst()).router().experts()).isEqualTo(6);
        Map<String, double[]> before = new HashMap<>();
        model.parameters().forEach(p -> before.put(p.name(), p.value().toDoubles()));
        for (Parameter p : grown.parameters()) {
            double[] now = p.value().toDoubles();
            assertThat(Arrays.copyOf(now, before.get(p.name()).length)).as(p.name()).isEqualTo(before.get(p.name()));
            if (p.name().contains("router") && p.shape().rank() == 2) {
                assertThat(Arrays.copyOfRange(now, before.get(p.name()).length, now.length)).as(p.name()).containsOnly(0).isNotEmpty();
            }
        }
        double loss = Tiny.ask(on, grown, 0).loss();
        train(on, grown, 0, 20, List.of());
        assertThat(Tiny.ask(on, grown, 0).loss()).isLessThan(loss);
    }

    @Test
    void mistakesAreSaidInASentence() {
        Backend on = new ReferenceBackend();
        LanguageModel dense = Tiny.model(on, 1, Tiny.dense(Activation.SWIGLU, false));
        LanguageModel noisy = Tiny.model(on, 1, Tiny.mixture(new NoisyTopKRouter.Spec(4, 2)));
        Growth growth = new Growth(2, 1, false, 0, 1);
        assertThatThrownBy(() -> growth.apply(on, dense)).isInstanceOf(InputException.class).hasMessageStartingWith("the model has no mixture layer to grow");
        assertThatThrownBy(() -> growth.apply(on, noisy)).isInstanceOf(InputException.class)
            .hasMessage("layer 0 has a noisy-top-k router, which cannot grow for a domain; a top-k router can");
        LanguageModel grown = growth.apply(on, mixture(on));
        assertThatThrownBy(() -> new Growth(2, 0, false, 0, 1).apply(on, grown)).isInstanceOf(InputException.class)
            .hasMessageEndingWith("which cannot grow for every input; one that has a row for each expert and has not grown for a domain can");
        LanguageModel hierarchical = Tiny.model(on, 1, Tiny.mixture(new HierarchicalRouter.Spec()));
        assertThatThrownBy(() -> new Growth(2, 0, false, 0, 1).apply(on, hierarchical)).isInstanceOf(InputException.class)
            .hasMessageStartingWith("layer 0 has a hierarchical router, which cannot grow for every input");
        LanguageModel random = Tiny.model(on, 1, Tiny.mixture(new RandomRouter.Spec()));
        assertThatThrownBy(() -> new Growth(2, 0, false, 0, 1).apply(on, random)).isInstanceOf(InputException.class)
            .hasMessageEndingWith("an added domain has experts of its own");
        LanguageModel later = new Growth(2, 5, false, 0, 1).apply(on, grown);
        assertThatThrownBy(() -> new Growth(2, 3, false, 0, 1).apply(on, later)).isInstanceOf(InputException.class)
            .hasMessageStartingWith("experts are added for domain 3 after domain 5");
        assertThatThrownBy(() -> new Growth(0, 1, false, 0, 1)).isInstanceOf(InputException.class);
    }
}
