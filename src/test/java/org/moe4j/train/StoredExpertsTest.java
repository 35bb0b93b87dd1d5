package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.ChildJvm;
import org.moe4j.backend.StoredValues;
import org.moe4j.experts.Experts;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** Training experts that lie in files. */
class StoredExpertsTest {
    @TempDir
    Path folder;

    /** The same bank in tables in memory. */
    record InMemory(int hidden, Activation activation) implements ExpertsSpec {
        @Override
        public Experts build(int dim, int experts, Init init) {
            Shape shape = Shape.of(experts, hidden * dim);
            return new StoredMlpExperts(activation, hidden, init.table("in", shape, 1 / Math.sqrt(dim)),
                activation.gated() ? init.table("gate", shape, 1 / Math.sqrt(dim)) : null, init.table("out", shape, 1 / Math.sqrt(hidden)));
        }

        @Override
        public long parametersPerExpert(int dim) {
            return new StoredMlpExperts.Spec(hidden, activation, "").parametersPerExpert(dim);
        }

        @Override
        public long flopsPerSlot(int dim) {
            return new StoredMlpExperts.Spec(hidden, activation, "").flopsPerSlot(dim);
        }

        @Override
        public ExpertsSpec withHidden(int hidden) {
            return new InMemory(hidden, activation);
        }
    }

    private static LanguageModel model(Backend on, ExpertsSpec bank) {
        return Tiny.model(on, Tiny.dense(), new MixtureOfExperts.Spec(new TopKRouter.Spec(16, 2), bank));
    }

    private static List<double[]> trained(Backend on, LanguageModel model, OptimizerSpec optimizer) {
        List<double[]> all = new ArrayList<>();
        TrainingSpec spec = new TrainingSpec(2, 5, 0.02, new Schedule.Constant(0), optimizer, null, null, 1, 0, 80, 0, 0, 3, null);
        new Trainer(on, model, spec, Tiny.counting(2), null).run(step -> all.add(new double[] {step.loss()}));
        model.parameters().forEach(p -> all.add(p.value().toDoubles()));
        return all;
    }

    private static void same(List<double[]> a, List<double[]> b) {
        assertThat(a).hasSameSizeAs(b);
        for (int i = 0; i < a.size(); i++) {
            assertThat(a.get(i)).isEqualTo(b.get(i));
        }
    }

    static Stream<OptimizerSpec> optimizers() {
        return Stream.of(new Adam.Spec(), new AdamW.Spec(0.9, 0.95, 0.1), new Adam.Spec(null, null, null, null, true, null), new Sgd.Spec(0.9, false, 0.1),
            new Adagrad.Spec(), new RmsProp.Spec(), new Adafactor.Spec());
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void theyTrainAsTheyDoInMemoryToTheLastBit(OptimizerSpec optimizer) {
        for (String name : List.of("simd", "reference")) {
            try (Backend on = Backends.open(name, 2)) {
                for (Activation activation : List.of(Activation.GELU, Activation.SWIGLU)) {
                    LanguageModel stored = model(on, new StoredMlpExperts.Spec(8, activation, folder.resolve(name + activation).toString()));
                    LanguageModel memory = model(on, new InMemory(8, activation));
                    same(trained(on, stored, optimizer), trained(on, memory, optimizer));
                    same(trained(on, stored, optimizer), trained(on, memory, optimizer)); // another optimizer, which begins with nothing
                }
            }
        }
    }

    /** Without momentum or clipping, an expert without tokens stays as it is in either bank. */
    @Test
    void theyAreTheOrdinaryBank() {
        for (String name : List.of("simd", "reference")) {
            try (Backend on = Backends.open(name, 1)) {
                for (Activation activation : List.of(Activation.GELU, Activation.SWIGLU)) {
                    List<double[]> stored = trained(on, model(on, new StoredMlpExperts.Spec(8, activation, "")), new Sgd.Spec());
                    same(stored, trained(on, model(on, new MlpExperts.Spec(8, activation, false)), new Sgd.Spec()));
                }
            }
        }
    }

    /** One expert for each token id, so that it is known how many a step touches. */
    @Test
    void aStepTouchesTheExpertsThatTokensAreSentToAndNoOthers() {
        try (Backend on = Backends.open("simd", 2)) {
            RandomRouter.Spec router = new RandomRouter.Spec(List.of(500));
            FeedForward layer = new MixtureOfExperts.Spec(router, new StoredMlpExperts.Spec(8, Activation.GELU, folder.toString())).build(4, new Init(on, 1));
            Optimizer optimizer = new Adam.Spec().build(on, layer.parameters());
            Arena arena = new Arena(on);
            long before = 0;
            for (int step = 0; step < 4; step++) {
                int[] tokens = {3 * step, 3 * step + 1, 3 * step, 3 * step + 2};
                int[] experts = step(on, arena, layer, tokens, optimizer);
                for (Parameter p : layer.parameters().subList(1, 3)) {
                    assertThat(((StoredValues) p.data()).store().drawnRows()).isEqualTo(before + experts.length);
                    assertThat(((StoredValues) optimizer.state().get(p.name() + ".v").data()).store().drawnRows()).isEqualTo(before + experts.length);
                }
                before += experts.length;
            }
            assertThat(before).isBetween(10L, 12L);
        }
    }

    /** The experts that had a gradient. */
    private static int[] step(Backend on, Arena arena, FeedForward layer, int[] tokens, Optimizer optimizer) {
        try (Tape t = new Tape(on, arena)) {
            Shape shape = Shape.of(tokens.length, layer.parameters().getLast().shape().dim(1) / 8);
            Variable x = t.variable(new Tensor(shape, on.allocate(shape.size())));
            on.normal(CounterRandom.of(tokens[0], "x"), 1, x.data());
            FeedForward.Result result = layer.forward(t, x, Pass.training(1, tokens.length, 1, 0).withTokens(tokens));
            t.backward(t.mean(t.square(result.y())));
            int[] touched = layer.parameters().getLast().rowGrad().rows().toArray();
            assertThat(touched).isEqualTo(Arrays.stream(result.routing().expert().toArray()).distinct().sorted().toArray());
            optimizer.step(0.01);
            Gradients.clear(on, layer.parameters());
            return touched;
        }
    }

    /** The store has gone on beyond the checkpoint, as when a run is killed: the checkpoint has every row. */
    @Test
    void aRunGoesOnFromItsCheckpoint() {
        try (Backend on = Backends.open("simd", 2)) {
            Checkpoint checkpoint = new Checkpoint(folder.resolve("checkpoint"));
            StoredMlpExperts.Spec bank = new StoredMlpExperts.Spec(8, Activation.GELU, folder.resolve("store").toString());
            List<Double> losses = new ArrayList<>();
            Trainer first = new Trainer(on, model(on, bank), Tiny.training(8), Tiny.counting(4), null);
            first.run(step -> {
                losses.add(step.loss());
                if (step.step() == 4) {
                    first.save(checkpoint);
                }
            });
            List<Double> again = new ArrayList<>();
            Trainer second = new Trainer(on, model(on, bank), Tiny.training(8), Tiny.counting(4), null);
            second.restore(checkpoint);
            second.run(step -> again.add(step.loss()));
            assertThat(again).isEqualTo(losses.subList(4, 8));
        }
    }

    @Test
    void aModelThatIsBuiltAgainHasTheExpertsAsTheyWereLeft() {
        try (Backend on = Backends.open("simd", 2)) {
            LanguageModel left = model(on, new StoredMlpExperts.Spec(8, Activation.GELU, folder.toString()));
            trained(on, left, new Adam.Spec());
            LanguageModel again = model(on, new StoredMlpExperts.Spec(8, Activation.GELU, folder.toString()));
            LanguageModel fresh = model(on, new StoredMlpExperts.Spec(8, Activation.GELU, ""));
            Parameter out = left.parameters().stream().filter(p -> p.name().endsWith("experts.out")).findFirst().orElseThrow();
            int at = left.parameters().indexOf(out);
            assertThat(again.parameters().get(at).value().toDoubles()).isEqualTo(out.value().toDoubles());
            assertThat(fresh.parameters().get(at).value().toDoubles()).isNotEqualTo(out.value().toDoubles());
        }
    }

    /** The child is killed in its fourth step, when that has drawn experts and changed none: the rest is as three steps left it. */
    @Test
    void aKilledRunLeavesItsExpertsAsTheLastStepDid() throws IOException, InterruptedException {
        String child = ChildJvm.run(List.of("--add-modules=jdk.incubator.vector"), Killed.class, folder.resolve("killed").toString());
        assertThat(child).doesNotContain("Exception");
        try (Backend on = Backends.open("simd", 1)) {
            FeedForward killed = Killed.layer(on, folder.resolve("killed").toString());
            FeedForward whole = Killed.train(on, folder.resolve("whole").toString(), 3);
            for (int p = 1; p < 3; p++) {
                assertThat(killed.parameters().get(p).value().toDoubles()).isEqualTo(whole.parameters().get(p).value().toDoubles());
            }
            step(on, new Arena(on), killed, new int[] {1, 2, 3}, new Adam.Spec().build(on, killed.parameters()));
        }
    }

    /** Takes three steps, and does not come to the end of the fourth. */
    static final class Killed {
        private Killed() {}

        public static void main(String[] folder) {
            Backend on = Backends.open("simd", 1);
            FeedForward layer = train(on, folder[0], 3);
            Tape t = new Tape(on, new Arena(on));
            layer.forward(t, t.filled(Shape.of(4, 4), 1), Pass.training(1, 4, 1, 0).withTokens(90, 91, 92, 1));
            Runtime.getRuntime().halt(9);
        }

        static FeedForward layer(Backend on, String folder) {
            return new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(100)), new StoredMlpExperts.Spec(8, Activation.GELU, folder)).build(4, new Init(on, 1));
        }

        static FeedForward train(Backend on, String folder, int steps) {
            FeedForward layer = layer(on, folder);
            Optimizer optimizer = new Adam.Spec().build(on, layer.parameters());
            for (int i = 0; i < steps; i++) {
                step(on, new Arena(on), layer, new int[] {i, i + 1, i + 2}, optimizer);
            }
            return layer;
        }
    }

    /** Weights of 512 experts of 64 KB each and their moments are 100 MB, of which some two thirds are touched; the child's heap is 40 MB. */
    @Test
    void aStoreLargerThanTheHeapTrains() throws IOException, InterruptedException {
        String child = ChildJvm.run(List.of("-Xmx40m", "--add-modules=jdk.incubator.vector"), Large.class, folder.toString());
        try (Backend on = Backends.open("simd", 1)) {
            assertThat(child.lines().toList()).contains(Large.train(on, new InMemory(Large.HIDDEN, Activation.GELU)));
        }
    }

    /** Trains a layer of many experts and prints what became of it. */
    static final class Large {
        static final int HIDDEN = 256;
        private static final int DIM = 32;
        private static final int EXPERTS = 512;
        private static final int TOKENS = 64;

        private Large() {}

        public static void main(String[] folder) {
            try (Backend on = Backends.open("simd", 1)) {
                System.out.println(train(on, new StoredMlpExperts.Spec(HIDDEN, Activation.GELU, folder[0])));
            }
        }

        static String train(Backend on, ExpertsSpec bank) {
            FeedForward layer = new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(EXPERTS)), bank).build(DIM, new Init(on, 1));
            Optimizer optimizer = new Adam.Spec().build(on, layer.parameters());
            Arena arena = new Arena(on);
            long touched = 0;
            StringBuilder losses = new StringBuilder();
            for (int step = 0; step < 8; step++) {
                int[] tokens = new int[TOKENS];
                int first = step * TOKENS;
                Arrays.setAll(tokens, i -> first + i);
                try (Tape t = new Tape(on, arena)) {
                    Variable x = t.filled(Shape.of(TOKENS, DIM), 0);
                    on.normal(CounterRandom.of(step, "x"), 1, x.data());
                    FeedForward.Result result = layer.forward(t, x, Pass.training(1, TOKENS, 1, step).withTokens(tokens));
                    Variable loss = t.mean(t.square(result.y()));
                    t.backward(loss);
                    losses.append(' ').append(loss.value().item());
                    touched += layer.parameters().getLast().rowGrad().rows().toArray().length;
                    optimizer.step(0.01);
                    Gradients.clear(on, layer.parameters());
                }
            }
            double[] sums = new double[3];
            for (int p = 1; p < 3; p++) {
                double[] row = new double[HIDDEN * DIM];
                for (int e = 0; e < EXPERTS; e += 5) {
                    layer.parameters().get(p).data().read((long) e * row.length, row);
                    sums[p] += Arrays.stream(row).sum();
                }
            }
            return touched + " experts touched, sums " + sums[1] + " and " + sums[2] + ", losses" + losses;
        }
    }
}
