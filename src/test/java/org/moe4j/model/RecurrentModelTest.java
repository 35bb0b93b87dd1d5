package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.experts.DeepFeedForward;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.HierarchicalRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.SpecModule;
import org.moe4j.experts.StrictlyBalancedRouter;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.RecurrentModel.Layer;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Lstm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

class RecurrentModelTest {
    private static final int VOCABULARY = 7;
    private static final int DIM = 4;
    private static final int TIME = 5;
    private static final Size SMALL = new Size(12, 8, 16, 4, 8);

    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    private static RecurrentModel.Spec spec(boolean tied, boolean bias, boolean residual, boolean sigmoid, Layer... layers) {
        return new RecurrentModel.Spec(VOCABULARY, DIM, TIME, tied, bias, 0, residual, sigmoid, List.of(layers));
    }

    /** An LSTM, the layer, an LSTM with a projection. */
    private static RecurrentModel.Spec around(FeedForwardSpec layer) {
        return spec(false, true, true, true, Layer.lstm(DIM, 0), Layer.of(layer), Layer.lstm(6, DIM));
    }

    private static FeedForwardSpec mixture() {
        return new MixtureOfExperts.Spec(new NoisyTopKRouter.Spec(4, 2), new MlpExperts.Spec(3, Activation.RELU, false));
    }

    private double[] logits(LanguageModel model, int[] tokens, Pass pass) {
        try (Tape t = new Tape(on, arena, false)) {
            return model.forward(t, tokens, pass).logits(t).value().toDoubles();
        }
    }

    @ParameterizedTest
    @MethodSource("org.moe4j.model.LanguageModelTest#causalLayers")
    void aTokenChangesNoLogitsBeforeIt(FeedForwardSpec layer) {
        LanguageModel model = AnyLayer.awake(on, around(layer), 3);
        int[] tokens = AnyLayer.tokens(VOCABULARY, TIME, 5);
        double[] before = logits(model, tokens, Pass.evaluation(1, TIME));
        for (int changed = 0; changed < TIME; changed++) {
            int[] other = tokens.clone();
            other[changed] = (other[changed] + 1) % VOCABULARY;
            assertThat(Arrays.mismatch(before, logits(model, other, Pass.evaluation(1, TIME))) / VOCABULARY).isEqualTo(changed);
        }
    }

    @Test
    void everySequenceStartsFromZeros() {
        LanguageModel model = AnyLayer.awake(on, around(mixture()), 3);
        int[] tokens = AnyLayer.tokens(VOCABULARY, 3 * TIME, 5);
        double[] together = logits(model, tokens, Pass.evaluation(3, TIME));
        for (int b = 0; b < 3; b++) {
            double[] alone = logits(model, Arrays.copyOfRange(tokens, b * TIME, (b + 1) * TIME), Pass.evaluation(1, TIME));
            assertThat(alone).containsExactly(Arrays.copyOfRange(together, b * TIME * VOCABULARY, (b + 1) * TIME * VOCABULARY), within(1e-12));
        }
    }

    /** logits = W y + b, y = x + σ(out ReLU(in x)), written as loops. */
    @Test
    void aLayerIsItsFormula() {
        FeedForwardSpec dense = new DenseFeedForward.Spec(3, Activation.RELU, false);
        for (boolean residual : new boolean[] {true, false}) {
            for (boolean sigmoid : new boolean[] {true, false}) {
                RecurrentModel.Spec spec = spec(residual, true, residual, sigmoid, Layer.of(dense));
                LanguageModel model = AnyLayer.awake(on, spec, 9);
                double[][] x = {row(named(model, "embedding.weight"), 2), row(named(model, "embedding.weight"), 5)};
                double[] logits = logits(model, new int[] {2, 5}, Pass.evaluation(1, 2));
                for (int i = 0; i < 2; i++) {
                    double[] h = Arrays.stream(product(named(model, "blocks.0.feedForward.in.weight"), x[i])).map(v -> Math.max(0, v)).toArray();
                    double[] y = product(named(model, "blocks.0.feedForward.out.weight"), h);
                    for (int d = 0; d < DIM; d++) {
                        y[d] = (sigmoid ? 1 / (1 + Math.exp(-y[d])) : y[d]) + (residual ? x[i][d] : 0);
                    }
                    double[] expected = product(named(model, spec.tied() ? "embedding.weight" : "head.weight"), y);
                    double[] bias = named(model, "head.bias").value().toDoubles();
                    for (int v = 0; v < VOCABULARY; v++) {
                        assertThat(logits[i * VOCABULARY + v]).isCloseTo(expected[v] + bias[v], within(1e-12));
                    }
                }
            }
        }
    }

    private static Parameter named(LanguageModel model, String name) {
        return model.parameters().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
    }

    private static double[] row(Parameter p, int row) {
        int columns = p.shape().columns();
        return Arrays.copyOfRange(p.value().toDoubles(), row * columns, (row + 1) * columns);
    }

    private static double[] product(Parameter w, double[] x) {
        double[] y = new double[w.shape().dim(0)];
        for (int o = 0; o < y.length; o++) {
            double[] row = row(w, o);
            for (int i = 0; i < x.length; i++) {
                y[o] += row[i] * x[i];
            }
        }
        return y;
    }

    /** An LSTM layer is the LSTM of {@link Lstm} over time-major tokens, plus its input. */
    @Test
    void anLstmLayerIsTheLstm() {
        LanguageModel model = AnyLayer.awake(on, spec(false, true, true, true, Layer.lstm(6, DIM)), 4);
        Lstm lstm = new Lstm(DIM, 6, 1, DIM, true, new Init(on, 4, "blocks.0.lstm"));   // of the same names, so of the same numbers
        int[] tokens = AnyLayer.tokens(VOCABULARY, 2 * TIME, 1);
        int[] byTime = new int[tokens.length];
        Arrays.setAll(byTime, i -> tokens[i % 2 * TIME + i / 2]);
        try (Tape t = new Tape(on, arena)) {
            Variable x = t.gatherRows(named(model, "embedding.weight"), byTime);
            Variable y = t.reshape(lstm.forward(t, t.reshape(x, TIME, 2, DIM), lstm.zeros(t, 2)).y(), 2 * TIME, DIM);
            double[] expected = t.linear(t.add(x, y), named(model, "head.weight"), named(model, "head.bias")).value().toDoubles();
            double[] logits = logits(model, tokens, Pass.evaluation(2, TIME));
            for (int i = 0; i < tokens.length; i++) {
                int place = i % 2 * TIME + i / 2;
                assertThat(Arrays.copyOfRange(logits, place * VOCABULARY, (place + 1) * VOCABULARY))
                    .containsExactly(Arrays.copyOfRange(expected, i * VOCABULARY, (i + 1) * VOCABULARY), within(1e-12));
            }
        }
    }

    static List<RecurrentModel.Spec> variants() {
        FeedForwardSpec hierarchical = new MixtureOfExperts.Spec(new HierarchicalRouter.Spec(9, 3, 2, 2, 0.1, 0.1, 0.01), new MlpExperts.Spec(3, Activation.RELU, false));
        FeedForwardSpec balanced = new MixtureOfExperts.Spec(new StrictlyBalancedRouter.Spec(4, 2, 0.1), new MlpExperts.Spec(3, Activation.RELU, true));
        return List.of(around(mixture()), spec(true, false, true, true, Layer.lstm(DIM, 0), Layer.of(hierarchical)),
            spec(false, true, false, false, Layer.of(balanced), Layer.lstm(6, DIM)),
            new RecurrentModel.Spec(VOCABULARY, DIM, TIME, false, false, 0.3, true, true, List.of(Layer.lstm(DIM, 0), Layer.of(new DeepFeedForward.Spec()))));
    }

    @ParameterizedTest
    @MethodSource("variants")
    void gradientsAgree(RecurrentModel.Spec spec) {
        LanguageModel model = AnyLayer.awake(on, spec, 3);
        int[] tokens = AnyLayer.tokens(VOCABULARY, 2 * TIME, 1);
        int[] targets = AnyLayer.tokens(VOCABULARY, 2 * TIME, 2);
        Pass pass = Pass.training(2, TIME, 1, 0);
        GradientCheck.Result worst = GradientCheck.of(on, model.parameters(), t -> {
            LanguageModel.Output output = model.forward(t, tokens, pass);
            return List.of(output.total(t, output.crossEntropy(t, targets)));
        }, 5);
        assertThat(worst.error()).as(worst::toString).isLessThan(1e-6);
    }

    @Test
    void dropoutIsInTrainingOnly() {
        RecurrentModel.Spec without = around(new DenseFeedForward.Spec(3, Activation.RELU, false));
        RecurrentModel.Spec with = new RecurrentModel.Spec(VOCABULARY, DIM, TIME, false, true, 0.5, true, true, without.layers());
        int[] tokens = AnyLayer.tokens(VOCABULARY, TIME, 5);
        LanguageModel model = AnyLayer.awake(on, with, 3);
        double[] plain = logits(AnyLayer.awake(on, without, 3), tokens, Pass.evaluation(1, TIME));
        assertThat(logits(model, tokens, Pass.evaluation(1, TIME))).isEqualTo(plain);
        assertThat(logits(model, tokens, Pass.training(1, TIME, 1, 0))).isNotEqualTo(plain)
            .isNotEqualTo(logits(model, tokens, Pass.training(1, TIME, 1, 1)));
    }

    @Test
    void isReadBackFromYamlAsItWasWritten() {
        SpecReader reader = new SpecReader(new SpecModule(ModelSpec.CATALOG));
        assertThat(ModelSpec.CATALOG.names()).contains("recurrent");
        for (Architecture a : Architecture.all()) {
            if (a.spec() instanceof RecurrentModel.Spec) {
                Written written = new Written(a.spec());
                assertThat(reader.parse(reader.toYaml(written), Written.class)).isEqualTo(written);
            }
        }
        Written read = reader.parse("""
            model:
              type: recurrent
              vocabulary: 7
              dim: 4
              sequence: 5
              tied: false
              bias: true
              dropout: 0
              residual: true
              sigmoid: true
              layers:
              - lstm: {units: 4, projection: 0}
              - feedForward: {type: dense, hidden: 3, activation: relu}
              - lstm: {units: 6, projection: 4}
            """, Written.class);
        assertThat(read.model).isEqualTo(around(new DenseFeedForward.Spec(3, Activation.RELU, false)));
    }

    record Written(ModelSpec model) {}

    @Test
    void wrongValuesAreRefused() {
        refused(() -> spec(true, true, true, true), "layers is empty; a model wants at least one layer");
        refused(() -> spec(true, true, true, true, Layer.lstm(6, 0)),
            "an lstm has 6 units and a projection of 0, which is no output of the model's width 4; a projection of 4 would do");
        refused(() -> new Layer(null, null), "a layer has neither an lstm nor a feedForward; one of them would do");
        refused(() -> new Layer(new Lstm.Spec(4, 0), mixture()), "a layer has both an lstm and a feedForward; one of them would do");
        refused(() -> Layer.lstm(0, 0), "units is 0, it has to be at least 1");
        refused(() -> new RecurrentModel.Spec(7, 4, 5, false, true, 1, true, true, List.of(Layer.lstm(4, 0))), "dropout is 1.0, it has to be 0 or above and below 1");
    }

    private static void refused(ThrowingCallable spec, String sentence) {
        assertThatThrownBy(spec).isInstanceOf(InputException.class).hasMessage(sentence);
    }

    @Test
    void aPublishedModelShrinks() {
        Size size = new Size(50, 16, 16, 3, 16);
        RecurrentModel.Spec small = (RecurrentModel.Spec) Architecture.named("moe2017-143m").resized(size);
        assertThat(small.layers().get(0)).isEqualTo(Layer.lstm(64, 16));
        assertThat(small.layers().get(1).feedForward()).isEqualTo(
            new MixtureOfExperts.Spec(new HierarchicalRouter.Spec(16, 4), new MlpExperts.Spec(128, Activation.RELU, false)));
        assertThat(small.layers().get(2)).isEqualTo(small.layers().get(0));
        assertThat(((RecurrentModel.Spec) Architecture.named("moe2017-4xlstm-512").resized(size)).layers())
            .isEqualTo(List.of(Layer.lstm(16, 0), Layer.lstm(16, 0), Layer.lstm(16, 0)));
    }

    static List<Architecture> published() {
        return Architecture.all().stream().filter(a -> a.name().startsWith("moe2017-") && !a.name().contains("100b")).toList();
    }

    /** Every one of the paper's models, cut down, learns to count on the default back end. */
    @ParameterizedTest
    @MethodSource("published")
    void trains(Architecture a) {
        List<Double> losses = trained(a.resized(SMALL), 1, 40);
        assertThat(losses.getLast()).isLessThan(losses.getFirst() - 0.5);
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        ModelSpec spec = Architecture.named("moe2017-256-h").resized(SMALL);
        assertThat(trained(spec, 3, 10)).isEqualTo(trained(spec, 1, 10));
    }

    private static List<Double> trained(ModelSpec spec, int threads, int steps) {
        try (Backend simd = Backends.open("simd", threads)) {
            List<Double> losses = new ArrayList<>();
            new Trainer(simd, spec.build(new Init(simd, 1)), TrainingSpec.of(8, steps, 0.02), RecurrentModelTest::counting, null)
                .run(step -> losses.add(step.loss()));
            return losses;
        }
    }

    /** Sequences of eight that count upwards from anywhere. */
    private static Batch counting(long step) {
        CounterRandom random = CounterRandom.of(1, "counting").at(step);
        int[] tokens = new int[64];
        int[] targets = new int[64];
        Arrays.setAll(tokens, i -> (random.below(i / 8, 12) + i % 8) % 12);
        Arrays.setAll(targets, i -> (tokens[i] + 1) % 12);
        return new Batch(8, 8, tokens, targets, new int[8]);
    }
}
