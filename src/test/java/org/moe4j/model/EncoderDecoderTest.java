package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RelativeBias;
import org.moe4j.train.Evaluation;

class EncoderDecoderTest {
    private static final int TIME = 7;                                            // 3 tokens for the encoder, 4 for the decoder
    private static final int PREFIX = 3;
    private static final CausalSelfAttention.Spec ATTENTION = CausalSelfAttention.Spec.relative(2, 3, new RelativeBias.Spec(4, 3));

    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    private static EncoderDecoder.Spec model(FeedForwardSpec layer) {
        return new EncoderDecoder.Spec(7, 4, TIME, ATTENTION, true, Repeat.each(List.of(layer)), Repeat.each(List.of(layer)));
    }

    private double[] logits(LanguageModel model, int[] tokens) {
        try (Tape t = new Tape(on, arena, false)) {
            return model.forward(t, tokens, Pass.evaluation(tokens.length / TIME, TIME)).logits(t).value().toDoubles();
        }
    }

    /** All but GShard's buffers, in which the second choice of a token stands behind the first choices of later ones. */
    static List<FeedForwardSpec> causalLayers() {
        return AnyLayer.all().stream().filter(layer -> !(layer instanceof MixtureOfExperts.Spec m && m.router() instanceof CapacityRouter.Spec)).toList();
    }

    @ParameterizedTest
    @MethodSource("causalLayers")
    void aTokenOfTheDecoderChangesNoLogitsBeforeItAndOneOfTheEncoderAll(FeedForwardSpec layer) {
        EncoderDecoder.Spec spec = model(layer);
        LanguageModel model = AnyLayer.awake(on, spec, 3);
        for (int changed = 0; changed < TIME; changed++) {
            int[] tokens = AnyLayer.tokens(spec.vocabulary(), TIME, 5);
            double[] before = logits(model, tokens);
            assertThat(before).hasSize((TIME - PREFIX) * spec.vocabulary());
            tokens[changed] = (tokens[changed] + 1) % spec.vocabulary();
            assertThat(Arrays.mismatch(before, logits(model, tokens)) / spec.vocabulary()).isEqualTo(Math.max(0, changed - PREFIX));
        }
    }

    @Test
    void sequencesOfABatchDoNotMix() {
        LanguageModel model = AnyLayer.awake(on, model(new DenseFeedForward.Spec()), 3);
        int[] both = AnyLayer.tokens(7, 2 * TIME, 6);
        double[] first = logits(model, Arrays.copyOf(both, TIME));
        double[] second = logits(model, Arrays.copyOfRange(both, TIME, 2 * TIME));
        double[] together = logits(model, both);
        assertThat(Arrays.copyOf(together, first.length)).containsExactly(first, within(1e-12));
        assertThat(Arrays.copyOfRange(together, first.length, together.length)).containsExactly(second, within(1e-12));
    }

    @Test
    void targetsOfTheFirstPartDoNotCount() {
        LanguageModel model = AnyLayer.awake(on, model(new DenseFeedForward.Spec()), 3);
        int[] tokens = AnyLayer.tokens(7, 2 * TIME, 6);
        int[] targets = AnyLayer.tokens(7, 2 * TIME, 8);
        int[] others = targets.clone();
        for (int i = 0; i < others.length; i++) {
            others[i] = i % TIME < PREFIX ? -1 : others[i];
        }
        try (Tape t = new Tape(on, arena, false)) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.evaluation(2, TIME));
            double loss = output.crossEntropy(t, targets).value().item();
            double expected = 0;
            for (int row = 0; row < output.rows().length; row++) {
                double[] x = Arrays.copyOfRange(output.logits(t).value().toDoubles(), 7 * row, 7 * row + 7);
                int place = row / (TIME - PREFIX) * TIME + PREFIX + row % (TIME - PREFIX);
                expected += Math.log(Arrays.stream(x).map(Math::exp).sum()) - x[targets[place]];
            }
            assertThat(loss).isCloseTo(expected / (2 * (TIME - PREFIX)), within(1e-12));
            assertThat(output.crossEntropy(t, others).value().item()).isEqualTo(loss);
            assertThat(output.counted(targets)).isEqualTo(2 * (TIME - PREFIX));
            targets[PREFIX] = -1;
            assertThat(output.counted(targets)).isEqualTo(2 * (TIME - PREFIX) - 1);
        }
    }

    /** The mean over all predicted targets of the slice, not over its batches. */
    @Test
    void anEvaluationIsTheMeanOverWhatIsPredicted() {
        LanguageModel model = AnyLayer.awake(on, model(new DenseFeedForward.Spec()), 3);
        int[] tokens = AnyLayer.tokens(7, 3 * TIME, 6);
        int[] targets = AnyLayer.tokens(7, 3 * TIME, 8);
        Batch all = new Batch(3, TIME, tokens, targets, new int[3]);
        Batch two = new Batch(2, TIME, Arrays.copyOf(tokens, 2 * TIME), Arrays.copyOf(targets, 2 * TIME), new int[2]);
        Batch one = new Batch(1, TIME, Arrays.copyOfRange(tokens, 2 * TIME, 3 * TIME), Arrays.copyOfRange(targets, 2 * TIME, 3 * TIME), new int[1]);
        double whole = Evaluation.of(on, arena, model, new Validation(List.of(all), 3 * TIME, 30)).natsPerToken();
        double parts = Evaluation.of(on, arena, model, new Validation(List.of(two, one), 3 * TIME, 30)).natsPerToken();
        try (Tape t = new Tape(on, arena, false)) {
            assertThat(whole).isCloseTo(model.forward(t, tokens, Pass.evaluation(3, TIME)).crossEntropy(t, targets).value().item(), within(1e-12));
        }
        assertThat(parts).isCloseTo(whole, within(1e-12));
    }

    @Test
    void gradientsOfAWholeModelAreCentralDifferences() {
        EncoderDecoder.Spec spec = new EncoderDecoder.Spec();
        EncoderDecoder.Spec small = new EncoderDecoder.Spec(5, 4, 5, ATTENTION.withBiases(CausalSelfAttention.Biases.ALL), false, spec.encoder(), spec.decoder());
        LanguageModel model = AnyLayer.awake(on, small, 8);
        on.scale(20, model.parameters().getFirst().data()); // the embedding, away from the origin, where the norm of x is all curvature
        int[] tokens = AnyLayer.tokens(5, 3 * 5, 2);
        int[] targets = AnyLayer.tokens(5, 3 * 5, 3);
        GradientCheck.Result worst = GradientCheck.of(on, model.parameters(), t -> {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(3, 5, 1, 0));
            return List.of(output.total(t, output.crossEntropy(t, targets)));
        }, 1);
        assertThat(worst.error()).as(worst.toString()).isLessThan(1e-5);
    }

    @Test
    void everyParameterLearns() {
        EncoderDecoder.Spec small = new EncoderDecoder.Spec(7, 4, TIME, ATTENTION, false, model(new DenseFeedForward.Spec()).encoder(),
            model(new DenseFeedForward.Spec()).decoder());
        LanguageModel model = AnyLayer.awake(on, small, 8);
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, AnyLayer.tokens(7, 2 * TIME, 2), Pass.training(2, TIME, 1, 0));
            t.backward(output.crossEntropy(t, AnyLayer.tokens(7, 2 * TIME, 3)));
        }
        for (Parameter p : model.parameters()) {
            assertThat(on.sumOfSquares(p.dData())).as(p.name()).isPositive();
        }
        assertThat(model.parameters()).extracting(Parameter::name).contains("encoderPositions.table", "decoderPositions.table", "blocks.1.cross.query.weight")
            .doesNotContain("blocks.0.cross.query.weight").doesNotHaveDuplicates();
    }

    @Test
    void asText() {
        SpecReader reader = new SpecReader(new SpecModule(ModelSpec.CATALOG));
        EncoderDecoder.Spec spec = new EncoderDecoder.Spec();
        assertThat(reader.parse(reader.toYaml(spec), EncoderDecoder.Spec.class)).isEqualTo(spec);
        assertThat(ModelSpec.CATALOG.nameOf(spec)).isEqualTo("encoder-decoder");
    }

    @Test
    void shrinksToASize() {
        EncoderDecoder.Spec small = new EncoderDecoder.Spec().resized(new Size(20, 8, 8, 2, 3));
        assertThat(small.dim()).isEqualTo(8);
        assertThat(small.sequence()).isEqualTo(8);
        assertThat(small.vocabulary()).isEqualTo(20);
        assertThat(Repeat.blocks(small.encoder())).isEqualTo(2);                  // one of each kind of layer stays
        assertThat(small.attention().relative()).isEqualTo(new EncoderDecoder.Spec().attention().relative());
    }

    @Test
    void mistakesAreNamed() {
        List<Repeat> layers = Repeat.each(List.of(new DenseFeedForward.Spec()));
        refused(() -> new EncoderDecoder.Spec(7, 4, 1, ATTENTION, true, layers, layers), "sequence is 1");
        refused(() -> new EncoderDecoder.Spec(7, 4, 4, ATTENTION, true, List.of(), layers), "encoder is empty");
        refused(() -> new EncoderDecoder.Spec(7, 4, 4, ATTENTION, true, layers, List.of()), "decoder is empty");
        refused(() -> new EncoderDecoder.Spec(7, 5, 4, CausalSelfAttention.Spec.plain(2), true, layers, layers), "heads is 2");
        LanguageModel model = AnyLayer.awake(on, model(new DenseFeedForward.Spec()), 3);
        try (Tape t = new Tape(on, arena, false)) {
            refused(() -> model.forward(t, new int[2], Pass.evaluation(2, 1)), "sequences of 1 tokens");
        }
    }

    private static void refused(ThrowingCallable mistake, String words) {
        assertThatThrownBy(mistake).isInstanceOf(InputException.class).hasMessageContaining(words);
    }
}
