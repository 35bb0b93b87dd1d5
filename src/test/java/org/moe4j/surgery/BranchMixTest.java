package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.nn.TableValues;
import org.moe4j.train.StepMetrics;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class BranchMixTest {
    private final Backend on = new ReferenceBackend();

    private LanguageModel branch(long seed) {
        return Tiny.trained(on, seed, Tiny.dense(Activation.SWIGLU, true), Tiny.dense(Activation.SWIGLU, true));
    }

    private static BranchMix mix(int models, BranchMix.Others others) {
        return new BranchMix(Layers.all(2), new TopKRouter.Spec(models, 2), others, 3);
    }

    @Test
    void equalModelsMixToTheSameFunction() {
        LanguageModel model = branch(1);
        for (BranchMix.Others others : BranchMix.Others.values()) {
            LanguageModel mixture = mix(3, others).apply(on, List.of(model, model, model));
            assertThat(Tiny.ask(on, mixture, 0).difference(Tiny.ask(on, model, 0))).isLessThan(1e-12);
        }
    }

    @Test
    void eachModelIsAnExpertAndTheRestIsAveragedOrTheFirsts() {
        List<LanguageModel> models = List.of(branch(1), branch(2), branch(3));
        Weights average = new Weights(on, mix(3, BranchMix.Others.AVERAGE).apply(on, models));
        Weights first = new Weights(on, mix(3, BranchMix.Others.FIRST).apply(on, models));
        String attention = "blocks.1.attention.query.weight";
        double sum = 0;
        for (int e = 0; e < 3; e++) {
            Weights model = new Weights(on, models.get(e));
            sum += model.get(attention).get(2, 3);
            for (String name : List.of("in", "gate", "out")) {
                assertThat(average.get("blocks.0.feedForward.experts." + name).rows(e, e + 1).toDoubles())
                    .isEqualTo(model.get("blocks.0.feedForward." + name + ".weight").toDoubles());
            }
        }
        assertThat(average.get(attention).get(2, 3)).isCloseTo(sum / 3, within(1e-12));
        assertThat(first.get(attention).toDoubles()).isEqualTo(new Weights(on, models.getFirst()).get(attention).toDoubles());
    }

    /** Two models, one for each of two ways to count, learn together to do both. */
    @Test
    void theMixtureIsTrainedOnAll() {
        LanguageModel mixture = mix(2, BranchMix.Others.AVERAGE).apply(on, List.of(branch(1), branch(2)));
        Trainer trainer = new Trainer(on, mixture, TrainingSpec.of(4, 30, 0.02), step -> Tiny.counting(4, (int) (step % 2)).apply(step), null);
        double before = (Tiny.ask(on, mixture, 0).loss() + Tiny.ask(on, mixture, 1).loss()) / 2;
        trainer.run((StepMetrics m) -> {});
        assertThat((Tiny.ask(on, mixture, 0).loss() + Tiny.ask(on, mixture, 1).loss()) / 2).isLessThan(before);
    }

    /** A layer that stays as it is has its tables averaged too, in float32, and rounded once. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void tablesInBfloat16AreAveraged(String backend) {
        try (Backend on = Backends.open(backend, 1)) {
            MixtureOfExperts.Spec peer = new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(16, 2, 4, 8), new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16));
            List<LanguageModel> models = List.of(Tiny.model(on, 1, Tiny.dense(Activation.SWIGLU, true), peer), Tiny.model(on, 2, Tiny.dense(Activation.SWIGLU, true), peer));
            LanguageModel mixed = new BranchMix(List.of(0), new TopKRouter.Spec(2, 1), BranchMix.Others.AVERAGE, 3).apply(on, models);
            String table = "blocks.1.feedForward.experts.down";
            double[] a = new Weights(on, models.get(0)).get(table).toDoubles();
            double[] b = new Weights(on, models.get(1)).get(table).toDoubles();
            double[] mean = new Weights(on, mixed).get(table).toDoubles();
            for (int i = 0; i < mean.length; i++) {
                assertThat(mean[i]).isCloseTo((a[i] + b[i]) / 2, within(0x1p-8 * Math.abs(a[i] + b[i]) / 2));
            }
        }
    }

    @Test
    void modelsThatDoNotFitAreRefused() {
        LanguageModel other = Tiny.model(on, 1, Tiny.dense(Activation.GELU, true), Tiny.dense(Activation.GELU, true));
        assertThatThrownBy(() -> mix(2, BranchMix.Others.AVERAGE).apply(on, List.of(branch(1), other))).isInstanceOf(InputException.class)
            .hasMessage("model 1 is no model of model 0's architecture: they differ in blocks");
        assertThatThrownBy(() -> mix(3, BranchMix.Others.AVERAGE).apply(on, List.of(other, other))).isInstanceOf(InputException.class)
            .hasMessage("the router chooses among 3 experts, there are 2 models to mix");
    }
}
