package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.LostDeviceException;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.backend.cuda.CudaEmulator;
import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;

/** Training steps launched as CUDA graphs against the same steps launched one by one. */
class CudaGraphsTest {
    private static final String GRAPHS = "+graphs";
    private static final long STEPS = 7;
    private static final FeedForwardSpec TOP_K = new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 2), new MlpExperts.Spec(8, Activation.SWIGLU, false));
    /** Learning rates, bias corrections and, of the noisy one, random numbers differ from step to step. */
    private static final Map<String, FeedForwardSpec> LAYERS = Map.of("dense", Tiny.dense(), "mixture", TOP_K, "noisy mixture", Tiny.noisy(), "PEER", Tiny.peer(64));

    @AfterEach
    void nothingFails() {
        if (CudaEmulator.load() == null) {
            CudaEmulator.fail("");
        }
    }

    /** What a run leaves: losses by step and weights, and how often the driver was called in the last step. */
    private record Ran(List<Double> losses, List<float[]> weights, int launches, int graphs, int changes) {
        void isAs(Ran other) {
            assertThat(losses).isEqualTo(other.losses);
            for (int i = 0; i < weights.size(); i++) {
                assertThat(weights.get(i)).isEqualTo(other.weights.get(i));
            }
        }
    }

    private static Ran train(String device, FeedForwardSpec layer, TrainingSpec training, LongFunction<Batch> batches, Validation validation) {
        try (Backend on = OpenedBackend.open(device, 1)) {
            LanguageModel model = Tiny.spec(12, layer).build(new Init(on, 7));
            List<Double> losses = new ArrayList<>();
            int[] before = new int[3];
            int[] after = new int[3];
            Consumer<StepMetrics> listener = m -> {
                losses.add(m.loss());
                if (m.evaluation() != null) {
                    losses.add(m.evaluation().natsPerToken());
                }
                if (CudaEmulator.load() == null && m.step() >= training.steps() - 1) {
                    int[] at = m.step() == training.steps() ? after : before;
                    at[0] = CudaEmulator.calls("cuLaunchKernel");
                    at[1] = CudaEmulator.calls("cuGraphLaunch");
                    at[2] = CudaEmulator.calls("cuGraphExecKernelNodeSetParams");
                }
            };
            new Trainer(on, model, training, batches, validation).run(listener);
            return new Ran(losses, model.parameters().stream().map(p -> p.value().toFloats()).toList(), after[0] - before[0], after[1] - before[1], after[2] - before[2]);
        }
    }

    private static Ran train(String device, FeedForwardSpec layer) {
        return train(device, layer, Tiny.training(STEPS), Tiny.counting(4), null);
    }

    /** All but a few launches become graphs', and the nodes that change are the optimizer's, clipping's and the noise's: addresses stay. */
    @TestFactory
    Stream<DynamicTest> aStepIsAFewLaunchesWithTheSameBits() {
        return LAYERS.entrySet().stream().flatMap(layer -> Stream.of(OpenedBackend.EMULATED, "cuda").map(device -> DynamicTest.dynamicTest(layer.getKey() + " on " + device, () -> {
            Ran plain = train(device, layer.getValue());
            Ran ran = train(device + GRAPHS, layer.getValue());
            ran.isAs(plain);
            if (CudaEmulator.load() == null) {
                assertThat(plain.graphs).isZero();
                assertThat(ran.launches).isLessThan(8);
                assertThat(ran.graphs).isBetween(1, 2 + plain.launches / 64); // a dense step is one of 128 works, and a few launches
                assertThat(ran.changes).isBetween(plain.weights.size(), 2 * plain.weights.size() + 2);
            }
        })));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixture", "PEER"})
    void theSizeOfTheBatchMayChange(String layer) {
        LongFunction<Batch> batches = step -> Tiny.counting(step == 3 || step == 4 ? 2 : 4).apply(step);
        train(OpenedBackend.EMULATED + GRAPHS, LAYERS.get(layer), Tiny.training(STEPS), batches, null)
                .isAs(train(OpenedBackend.EMULATED, LAYERS.get(layer), Tiny.training(STEPS), batches, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense", "PEER"})
    void aModelIsMeasuredBetweenSteps(String layer) {
        TrainingSpec training = Tiny.training(STEPS).withIntervals(2, 0, 3);
        train(OpenedBackend.EMULATED + GRAPHS, LAYERS.get(layer), training, Tiny.counting(4), Tiny.validation())
                .isAs(train(OpenedBackend.EMULATED, LAYERS.get(layer), training, Tiny.counting(4), Tiny.validation()));
    }

    /** With what a driver that can't do it answers, whenever that is. */
    @ParameterizedTest
    @ValueSource(strings = {"cuGraphCreate=801", "cuGraphAddKernelNode@9=1", "cuGraphInstantiate@2=801", "cuGraphLaunch@3=2", "cuGraphExecKernelNodeSetParams@4=1"})
    void goesOnWithoutGraphsThatAreRefused(String failure) {
        Ran expected = train(OpenedBackend.EMULATED, TOP_K); // more than one graph
        CudaEmulator.fail(failure);
        Ran ran = train(OpenedBackend.EMULATED + GRAPHS, TOP_K);
        ran.isAs(expected);
        assertThat(ran.graphs).isZero();
        assertThat(ran.launches).isEqualTo(expected.launches);
    }

    @Test
    void aDeviceThatIsLostInAGraphIsLost() {
        try (Backend on = OpenedBackend.open(OpenedBackend.EMULATED + GRAPHS, 1)) {
            Trainer trainer = new Trainer(on, Tiny.spec(12, Tiny.dense()).build(new Init(on, 7)), Tiny.training(STEPS), Tiny.counting(4), null);
            CudaEmulator.fail("cuGraphLaunch@4=719");
            assertThatThrownBy(() -> trainer.run(_ -> {})).isInstanceOf(LostDeviceException.class)
                    .hasMessageContaining("launching a graph").hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED (719)");
            CudaEmulator.fail("");
        }
    }

    /** In a JVM whose cuBLAS is one that computes by definition, on the emulator's stream. */
    @Test
    void productsOfCublasAreCaptured() throws Exception {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
        List<String> options = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Dmoe4j.cublas=" + CudaEmulator.cublas());
        String printed = ChildJvm.run(options, Map.of("LD_LIBRARY_PATH", CudaEmulator.library().getParent().toString()), CudaGraphsTest.class);
        assertThat(printed.lines().toList()).endsWith("same, with graphs true, captured true");
    }

    /** The child's. */
    public static void main(String[] arguments) {
        Ran ran = train(OpenedBackend.EMULATED + GRAPHS, TOP_K);
        ran.isAs(train(OpenedBackend.EMULATED, TOP_K));
        IO.println("same, with graphs " + (ran.graphs > 0) + ", captured " + (CudaEmulator.calls("cuGraphAddChildGraphNode") > 0));
    }
}
