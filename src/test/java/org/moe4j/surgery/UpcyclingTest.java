package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.Balance;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.tensor.Tensor;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class UpcyclingTest {
    private static final RouterSpec UNNORMALISED = new TopKRouter.Spec(8, 2, 0, Balance.MEAN_CHOICE, 0, 0);

    private static LanguageModel dense(Backend on, Activation activation) {
        return Tiny.trained(on, 1, Tiny.dense(activation, true), Tiny.dense(activation, true));
    }

    static Stream<Arguments> sizes() {
        return Stream.of(2, 8, 32).flatMap(e -> Stream.of(1, 2, 4).filter(k -> k <= e).map(k -> Arguments.of(e, k)));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void isTheSameFunctionWhereGatesSumToOne(int experts, int topK) {
        try (Backend on = Backends.open("simd", 1)) {
            for (Activation activation : List.of(Activation.SWIGLU, Activation.GELU)) {
                LanguageModel model = dense(on, activation);
                Tiny.Answer before = Tiny.ask(on, model, 0);
                for (RouterSpec router : List.of(new TopKRouter.Spec(experts, topK), new NoisyTopKRouter.Spec(experts, topK))) {
                    LanguageModel mixture = new Upcycling(Layers.all(2), router, 3).apply(on, model);
                    assertThat(Tiny.ask(on, mixture, 0).difference(before)).isLessThan(1e-5);
                }
                assertThat(Tiny.ask(on, model, 0).logits()).as("the dense model is left as it is").isEqualTo(before.logits());
            }
        }
    }

    /** Each copy cut into G parts that are chosen together. */
    @ParameterizedTest
    @CsvSource({"2, 8, 2", "4, 4, 1", "8, 2, 2", "24, 2, 1"})
    void isTheSameFunctionWhenCopiesAreCutAndTheirPartsShareARouterRow(int granularity, int copies, int topK) {
        try (Backend on = Backends.open("simd", 1)) {
            for (Activation activation : List.of(Activation.SWIGLU, Activation.GELU)) {
                LanguageModel model = dense(on, activation);
                LanguageModel mixture = new Upcycling(List.of(1), new TopKRouter.Spec(copies, topK), granularity, 0, 3).apply(on, model);
                assertThat(Tiny.ask(on, mixture, 0).difference(Tiny.ask(on, model, 0))).isLessThan(1e-5);
                MixtureOfExperts.Spec spec = (MixtureOfExperts.Spec) mixture.spec().feedForwards().get(1);
                assertThat(spec.router()).isEqualTo(new TopKRouter.Spec(granularity * copies, granularity * topK));
                assertThat(spec.experts()).isEqualTo(new MlpExperts.Spec(24 / granularity, activation, true));
            }
        }
    }

    @Test
    void isAnotherFunctionOnceThePartsHaveRowsOfTheirOwn() {
        Backend on = new ReferenceBackend();
        LanguageModel model = dense(on, Activation.SWIGLU);
        LanguageModel mixture = new Upcycling(List.of(1), new TopKRouter.Spec(8, 2), 4, 0, 3).apply(on, model);
        Tensor rows = new Weights(on, mixture).get("blocks.1.feedForward.router.weight");
        LanguageModel fresh = Tiny.model(on, 9, model.spec().feedForwards().getFirst(), mixture.spec().feedForwards().get(1));
        on.copy(new Weights(on, fresh).get("blocks.1.feedForward.router.weight").data(), rows.data());
        assertThat(Tiny.ask(on, mixture, 0).difference(Tiny.ask(on, model, 0))).isGreaterThan(1e-2);
    }

    /** The sum of two of eight probabilities, and less of 32: the loss jumps, and more so with more experts. */
    @Test
    void theLossJumpsWhereGatesDoNotSumToOne() {
        Backend on = new ReferenceBackend();
        LanguageModel model = dense(on, Activation.SWIGLU);
        Tiny.Answer before = Tiny.ask(on, model, 0);
        double few = Tiny.ask(on, new Upcycling(Layers.all(2), UNNORMALISED, 3).apply(on, model), 0).difference(before);
        double many = Tiny.ask(on, new Upcycling(Layers.all(2), UNNORMALISED.withExperts(32, 2), 3).apply(on, model), 0).difference(before);
        assertThat(few).isGreaterThan(0.01);
        assertThat(many).isGreaterThan(few);
        assertThat(Tiny.ask(on, new Upcycling(Layers.all(2), new SwitchRouter.Spec(), 3).apply(on, model), 0).difference(before)).isGreaterThan(0.01);
    }

    /** With as many places as tokens some tokens are taken by several experts and others by none. */
    @Test
    void expertChoiceLeavesTokensUncovered() {
        Backend on = new ReferenceBackend();
        LanguageModel model = dense(on, Activation.SWIGLU);
        Tiny.Answer after = Tiny.ask(on, new Upcycling(List.of(1), new ExpertChoiceRouter.Spec(), 3).apply(on, model), 0);
        assertThat(after.difference(Tiny.ask(on, model, 0))).isGreaterThan(0.01);
        assertThat(after.loads().getFirst().unroutedTokens()).isPositive().isLessThan(after.loads().getFirst().tokens());
    }

    @Test
    void copiesDifferByTheNoiseThatWasAskedFor() {
        Backend on = new ReferenceBackend();
        LanguageModel model = dense(on, Activation.SWIGLU);
        Tensor dense = new Weights(on, model).get("blocks.1.feedForward.in.weight");
        Tensor copies = new Weights(on, new Upcycling(List.of(1), new TopKRouter.Spec(4, 2), 1, 0.1, 3).apply(on, model)).get("blocks.1.feedForward.experts.in");
        double squares = 0;
        for (int e = 0; e < 4; e++) {
            double[] copy = copies.rows(e, e + 1).toDoubles();
            for (int i = 0; i < copy.length; i++) {
                squares += Math.pow(copy[i] - dense.toDoubles()[i], 2);
            }
        }
        double relative = Math.sqrt(squares / 4 / on.sumOfSquares(dense.data()));
        assertThat(relative).isBetween(0.09, 0.11);
    }

    /** Equal experts grow apart by the tokens they get alone: gate 1, no noise. */
    @Test
    void copiesPartInTraining() {
        Backend on = new ReferenceBackend();
        LanguageModel mixture = new Upcycling(List.of(1), new TopKRouter.Spec(4, 1), 3).apply(on, dense(on, Activation.SWIGLU));
        Tensor in = new Weights(on, mixture).get("blocks.1.feedForward.experts.in");
        assertThat(in.rows(0, 1).toDoubles()).isEqualTo(in.rows(1, 2).toDoubles());
        assertThat(Siblings.distance(mixture, 1)).isBetween(-1e-12, 1e-12);
        new Trainer(on, mixture, TrainingSpec.of(4, 10, 0.01), Tiny.counting(4, 0), null).run(m -> {});
        assertThat(in.rows(0, 1).toDoubles()).isNotEqualTo(in.rows(1, 2).toDoubles());
        assertThat(Siblings.distance(mixture, 1)).isBetween(1e-6, 0.5);
    }

    @Test
    void mistakesAreSaidInASentence() {
        Backend on = new ReferenceBackend();
        LanguageModel model = Tiny.model(on, 1, Tiny.dense(Activation.SWIGLU, false), Tiny.mixture(new TopKRouter.Spec()));
        RouterSpec router = new TopKRouter.Spec();
        assertThatThrownBy(() -> new Upcycling(List.of(2), router, 1).apply(on, model)).isInstanceOf(InputException.class)
            .hasMessage("there is no layer 2: the model has 2 layers, numbered from 0");
        assertThatThrownBy(() -> new Upcycling(List.of(1), router, 1).apply(on, model)).isInstanceOf(InputException.class)
            .hasMessage("layer 1 is of the kind mixture-of-experts, which is no dense layer to copy");
        assertThatThrownBy(() -> new Upcycling(List.of(0), router, 5, 0, 1).apply(on, model)).isInstanceOf(InputException.class)
            .hasMessage("granularity is 5, which does not divide the 24 hidden neurons of a layer");
        assertThatThrownBy(() -> new Upcycling(List.of(0), new ProductKeyRouter.Spec(), 2, 0, 1).apply(on, model)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> new Upcycling(List.of(), router, 1)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> Siblings.distance(model, 0)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> Layers.named("some", 4)).isInstanceOf(InputException.class).hasMessageStartingWith("layers is 'some', want all");
        assertThat(Layers.named("every-other", 5)).containsExactly(1, 3);
        assertThat(Layers.named("last-half", 5)).containsExactly(2, 3, 4);
        assertThat(Layers.named("0,3", 5)).containsExactly(0, 3);
    }
}
