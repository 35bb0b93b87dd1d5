package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.backend.cuda.CudaEmulator;
import org.moe4j.data.Batch;
import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SecondPolicy;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/** Training steps on a GPU, or its emulator, against the same steps on simd. */
class CudaTrainingTest {
    private static final long STEPS = 4;
    private static final FeedForwardSpec TOP_K = new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 2), new MlpExperts.Spec(8, Activation.SWIGLU, false));

    private record Step(double loss, double norm) {}

    private record Model(String name, ModelSpec spec) {}

    private static List<Model> models() {
        FeedForwardSpec stored = new MixtureOfExperts.Spec(new TopKRouter.Spec(4, 1), new StoredMlpExperts.Spec());
        return List.of(new Model("dense", Tiny.spec(12, Tiny.dense(), Tiny.dense())), new Model("mixture", Tiny.spec(12, TOP_K)),
                new Model("Switch", Tiny.spec(12, limited(new SwitchRouter.Spec(4, 1, 0, 0.01, 0.001)))),
                new Model("GShard", Tiny.spec(12, limited(new CapacityRouter.Spec(4, 2, 1, 1, CapacityDialect.MESH, SecondPolicy.RANDOM, 0.2, false, true, 0.01, 0)))),
                new Model("noisy mixture", Tiny.spec(12, Tiny.noisy())), new Model("PEER", Tiny.spec(12, Tiny.peer(64))),
                new Model("product-key memory", Tiny.spec(12, Tiny.memory(), Tiny.memory())), new Model("experts in a file", Tiny.spec(12, stored)),
                new Model("LSTM mixture of 2017", Architecture.named("moe2017-256").resized(new Size(Tiny.VOCABULARY, 12, Tiny.TIME, 2, 8))));
    }

    private static FeedForwardSpec limited(RouterSpec router) {
        return new MixtureOfExperts.Spec(router, new MlpExperts.Spec(8, Activation.RELU, false));
    }

    @TestFactory
    Stream<DynamicTest> lossesAndGradientsAreThoseOfSimd() {
        return models().stream().flatMap(model -> Stream.of(OpenedBackend.EMULATED, "cuda").map(device ->
                DynamicTest.dynamicTest(model.name + " on " + device, () -> agrees(device, model.spec))));
    }

    private static void agrees(String device, ModelSpec spec) {
        List<Step> there = steps(device, spec);
        List<Step> here = steps("simd", spec);
        for (int i = 0; i < STEPS; i++) {
            assertThat(there.get(i).loss).as("loss of step %d", i).isCloseTo(here.get(i).loss, within(1e-3 * here.get(i).loss));
            assertThat(there.get(i).norm).as("gradients of step %d", i).isCloseTo(here.get(i).norm, within(5e-3 * here.get(i).norm));
        }
    }

    @Test
    void theSameSeedGivesTheSameFirstWeights() {
        ModelSpec spec = Tiny.spec(12, Tiny.peer(64), Tiny.noisy());
        try (Backend there = OpenedBackend.open(OpenedBackend.EMULATED, 1); Backend here = OpenedBackend.open("simd", 1)) {
            List<Parameter> expected = spec.build(new Init(here, 3)).parameters();
            List<Parameter> found = spec.build(new Init(there, 3)).parameters();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found.get(i).value().toFloats()).as(expected.get(i).name()).containsExactly(expected.get(i).value().toFloats());
            }
        }
    }

    /** Once for the gradients' norm and once for the losses, however deep the model is and whatever its experts. */
    @TestFactory
    Stream<DynamicTest> aStepWaitsTwice() {
        Map<String, ModelSpec> models = Map.of("dense", Tiny.spec(12, Tiny.dense()), "deep", Tiny.spec(12, Tiny.dense(), Tiny.dense(), Tiny.dense()),
                "mixture", Tiny.spec(12, TOP_K), "noisy mixture", Tiny.spec(12, Tiny.noisy()), "PEER", Tiny.spec(12, Tiny.peer(64)), "memory", Tiny.spec(12, Tiny.memory()),
                "Switch", Tiny.spec(12, limited(new SwitchRouter.Spec())), "GShard", Tiny.spec(12, limited(new CapacityRouter.Spec())));
        return models.entrySet().stream().map(model -> DynamicTest.dynamicTest(model.getKey(), () -> assertThat(waits(model.getValue())).isEqualTo(2)));
    }

    /** Where the host chooses it has to know: what the router found, or which rows of a file to bring in. */
    @Test
    void aStepThatAsksTheHostWaitsAFewTimesMore() {
        ModelSpec pangu = Architecture.named("pangu-sigma").resized(new Size(Tiny.VOCABULARY, 12, Tiny.TIME, 2, 8));
        assertThat(waits(pangu)).as("PanGu-Sigma, one random router").isLessThanOrEqualTo(4);
    }

    /** Of a step in the steady state. */
    private static int waits(ModelSpec spec) {
        try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
            List<Integer> waits = new ArrayList<>();
            new Trainer(on, spec.build(new Init(on, 7)), Tiny.training(STEPS), Tiny.counting(4), null).run(_ -> waits.add(CudaEmulator.waits()));
            return waits.get(3) - waits.get(2);
        }
    }

    /** Float32 allows a coarse look; what the kernels compute is held to the reference elsewhere. */
    @TestFactory
    Stream<DynamicTest> gradientsAreThoseOfDifferences() {
        FeedForwardSpec dense = new DenseFeedForward.Spec(4, Activation.GELU, true);
        FeedForwardSpec mixture = new MixtureOfExperts.Spec(new TopKRouter.Spec(2, 2), new MlpExperts.Spec(3, Activation.SWIGLU, false));
        return Map.of("dense", dense, "mixture", mixture, "PEER", Tiny.peerWithoutNorm()).entrySet().stream().map(layer -> DynamicTest.dynamicTest(layer.getKey(), () -> {
            try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
                LanguageModel model = Tiny.spec(4, layer.getValue()).build(new Init(on, 7));
                Batch batch = Tiny.counting(1).apply(0);
                List<Parameter> some = model.parameters().stream().filter(p -> p.shape().size() <= 24).toList();
                GradientCheck.Result worst = GradientCheck.of(on, some, t -> {
                    LanguageModel.Output output = model.forward(t, batch.tokens(), Pass.training(batch.batch(), batch.time(), 1, 0));
                    return List.of(output.total(t, output.crossEntropy(t, batch.targets())));
                }, 3);
                assertThat(worst.error()).as(worst.toString()).isLessThan(2e-2);
            }
        }));
    }

    /** What a call works with, and what a tape has, is used again without a collection of the heap. */
    @TestFactory
    Stream<DynamicTest> deviceMemoryIsFlat() {
        return models().stream().filter(model -> List.of("dense", "mixture", "PEER").contains(model.name)).map(model -> DynamicTest.dynamicTest(model.name, () -> {
            try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
                TrainingSpec training = Tiny.training(20).withIntervals(7, 0, 2);
                List<Long> free = new ArrayList<>();
                new Trainer(on, model.spec.build(new Init(on, 7)), training, Tiny.counting(1), Tiny.validation())
                        .run(_ -> free.add(on.freeDeviceBytes().orElseThrow()));
                assertThat(free.subList(8, 20)).as("bytes free after each step, the first ones aside").containsOnly(free.get(8));
            }
        }));
    }

    private static List<Step> steps(String device, ModelSpec spec) {
        try (Backend on = OpenedBackend.open(device, 1)) {
            List<Step> steps = new ArrayList<>();
            new Trainer(on, spec.build(new Init(on, 7)), Tiny.training(STEPS), Tiny.counting(4), null)
                    .run(m -> steps.add(new Step(m.loss(), m.gradientNorm())));
            return steps;
        }
    }
}
