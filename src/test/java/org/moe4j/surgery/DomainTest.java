package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.cost.Ledger;
import org.moe4j.data.Batch;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

/** Taking a domain out of a model with random routed experts, and adding one. */
class DomainTest {
    @TempDir
    Path folder;

    private ExpertsSpec bank(boolean stored) {
        return stored ? new StoredMlpExperts.Spec(8, Activation.SWIGLU, folder.resolve("store").toString()) : new MlpExperts.Spec(8, Activation.SWIGLU, true);
    }

    /** Dense at the bottom; three domains above, with a shared expert in one layer. */
    private LanguageModel model(Backend on, boolean stored) {
        FeedForwardSpec upper = new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(3, 2, 4)), bank(stored),
            List.of(Tiny.dense(Activation.GELU, false)), true);
        LanguageModel model = Tiny.model(on, 1, Tiny.dense(Activation.SWIGLU, false), new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(2, 5, 3)), bank(stored)), upper);
        for (int domain = 0; domain < 3; domain++) {
            train(on, model, domain, 8, List.of());
        }
        return model;
    }

    private static void train(Backend on, LanguageModel model, int domain, long steps, List<String> names) {
        TrainingSpec spec = TrainingSpec.of(4, steps, 0.02).withTrained(names.toArray(String[]::new));
        new Trainer(on, model, spec, Tiny.counting(4, domain), null).run(m -> {});
    }

    @ParameterizedTest
    @CsvSource({"reference, false", "simd, false", "simd, true"})
    void aDomainOfItsOwnHasTheSameResultsToTheLastBit(String device, boolean stored) {
        try (Backend on = Backends.open(device, 2)) {
            LanguageModel whole = model(on, stored);
            for (int domain = 0; domain < 3; domain++) {
                LanguageModel part = new DomainExtraction(domain).apply(on, whole);
                Batch batch = Tiny.counting(8, domain).apply(-1);
                Batch asFirst = new Batch(batch.batch(), batch.time(), batch.tokens(), batch.targets(), new int[batch.batch()]);
                assertThat(Tiny.ask(on, part, asFirst).logits()).isEqualTo(Tiny.ask(on, whole, batch).logits());
                Batch asOther = new Batch(batch.batch(), batch.time(), batch.tokens(), batch.targets(), filled(batch.batch(), (domain + 1) % 3));
                assertThat(Tiny.ask(on, whole, asOther).logits()).as("domains differ").isNotEqualTo(Tiny.ask(on, whole, batch).logits());
                assertThat(Ledger.of(part.spec()).parameters()).isLessThan(Ledger.of(whole.spec()).parameters());
            }
        }
    }

    private static int[] filled(int n, int value) {
        int[] x = new int[n];
        java.util.Arrays.fill(x, value);
        return x;
    }

    /** A saved part is built with another seed, and has its maps all the same. */
    @Test
    void aDomainIsSavedAndLoaded() {
        try (Backend on = Backends.open("simd", 1)) {
            LanguageModel part = new DomainExtraction(1).apply(on, model(on, true));
            Checkpoint saved = new Checkpoint(folder.resolve("part"));
            SavedModel.save(on, part, saved, Map.of());
            assertThat(Tiny.ask(on, SavedModel.load(on, saved), 0).logits()).isEqualTo(Tiny.ask(on, part, 0).logits());
        }
    }

    @ParameterizedTest
    @CsvSource({"reference, false", "simd, false", "simd, true"})
    void oldDomainsAreUntouchedWhenOneIsAdded(String device, boolean stored) {
        try (Backend on = Backends.open(device, 2)) {
            LanguageModel model = model(on, stored);
            List<Tiny.Answer> before = List.of(Tiny.ask(on, model, 0), Tiny.ask(on, model, 1), Tiny.ask(on, model, 2));
            DomainAddition addition = DomainAddition.of(6, 9);
            LanguageModel larger = addition.apply(on, model);
            double untrained = Tiny.ask(on, larger, 3).loss();
            train(on, larger, 3, 30, addition.trained(larger));
            assertThat(Tiny.ask(on, larger, 3).loss()).isLessThan(untrained - 0.05);
            for (int domain = 0; domain < 3; domain++) {
                assertThat(Tiny.ask(on, larger, domain).logits()).isEqualTo(before.get(domain).logits());
                assertThat(Tiny.ask(on, larger, domain).loads().getFirst().load()).startsWith(before.get(domain).loads().getFirst().load());
            }
        }
    }

    @Test
    void aDomainLikeAnotherBeginsAsTheSameFunction() {
        for (boolean stored : List.of(false, true)) {
            Backend on = new ReferenceBackend();
            LanguageModel model = Tiny.model(on, 1, new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(2, 5)), bank(stored)));
            LanguageModel larger = DomainAddition.like(1).apply(on, model);
            Batch batch = Tiny.counting(8, 1).apply(-1);
            Batch asNew = new Batch(batch.batch(), batch.time(), batch.tokens(), batch.targets(), filled(batch.batch(), 2));
            assertThat(Tiny.ask(on, larger, asNew).logits()).isEqualTo(Tiny.ask(on, model, batch).logits());
            assertThat(Tiny.ask(on, larger, batch).logits()).isEqualTo(Tiny.ask(on, model, batch).logits());
            assertThat(Tiny.ask(on, new DomainAddition(7, 1, 3).apply(on, model), asNew).logits()).isNotEqualTo(Tiny.ask(on, model, batch).logits());
        }
    }

    /** PanGu-Sigma's inheritance from PanGu-Alpha: one expert with gate 1, each a copy of the dense layer (card, E). */
    @Test
    void expertsThatAreCopiesOfADenseLayerComputeWhatItDoes() {
        Backend on = new ReferenceBackend();
        LanguageModel dense = Tiny.trained(on, 1, Tiny.dense(Activation.GELU, true), Tiny.dense(Activation.GELU, true));
        LanguageModel sparse = new Upcycling(List.of(1), RandomRouter.Spec.equal(8, 2), 5).apply(on, dense);
        assertThat(Tiny.ask(on, sparse, 1).difference(Tiny.ask(on, dense, 1))).isCloseTo(0, within(1e-12));
        assertThat(Tiny.ask(on, sparse, 1).loss()).isCloseTo(Tiny.ask(on, dense, 1).loss(), within(1e-12));
    }

    @Test
    void mistakesAreOneSentence() {
        Backend on = new ReferenceBackend();
        LanguageModel dense = Tiny.model(on, 1, Tiny.dense(Activation.GELU, false));
        LanguageModel random = Tiny.model(on, 1, new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(2, 5)), bank(false)));
        refused(() -> new DomainExtraction(0).apply(on, dense), "the model has no layer with a random router, and so no group of experts for a domain");
        refused(() -> new DomainExtraction(2).apply(on, random), "domain is 2, layer 0 has experts for domains 0 to 1");
        refused(() -> DomainAddition.like(2).apply(on, random), "domain is 2, layer 0 has experts for domains 0 to 1");
        refused(() -> DomainAddition.of(0, 1), "experts is 0, a new domain wants at least one new expert");
        refused(() -> DomainAddition.like(-3), "like is -3, want the number of a domain, or -1 for none");
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable operation, String sentence) {
        assertThatThrownBy(operation).isInstanceOf(InputException.class).hasMessage(sentence);
    }
}
