package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.train.Adam;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;

class LanguageModelTest {
    private static final int BATCH = 4;

    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    static List<FeedForwardSpec> everyLayer() {
        return AnyLayer.all();
    }

    /** All but GShard's buffers, in which the second choice of a token stands behind the first choices of later ones. */
    static List<FeedForwardSpec> causalLayers() {
        return AnyLayer.all().stream().filter(layer -> !(layer instanceof MixtureOfExperts.Spec m && m.router() instanceof CapacityRouter.Spec)).toList();
    }

    @ParameterizedTest
    @MethodSource("causalLayers")
    void aTokenChangesNoLogitsBeforeIt(FeedForwardSpec layer) {
        ModelSpec spec = AnyLayer.model(layer);
        for (int changed = 1; changed < spec.sequence(); changed++) {
            assertThat(firstDifference(spec, changed, false)).isEqualTo(changed);
        }
    }

    /** What sees the whole batch is not autoregressive; this also shows that the test above can fail. */
    @Test
    void expertChoiceOverTheBatchAndBatchNormInTrainingSeeTheFuture() {
        FeedForwardSpec overBatch = new MixtureOfExperts.Spec(new ExpertChoiceRouter.Spec(2, 1, ExpertChoiceRouter.Grouping.BATCH, 256), new MlpExperts.Spec());
        FeedForwardSpec batchNorm = new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(), new SingleNeuronExperts.Spec());
        assertThat(IntStream.range(1, 5)).anyMatch(changed -> firstDifference(AnyLayer.model(overBatch), changed, false) < changed);
        assertThat(firstDifference(AnyLayer.model(batchNorm), 4, true)).isZero();
        assertThat(firstDifference(AnyLayer.model(batchNorm), 4, false)).isEqualTo(4);
    }

    /** The first position of one sequence whose logits change with the token at {@code changed}. */
    private int firstDifference(ModelSpec spec, int changed, boolean training) {
        LanguageModel model = AnyLayer.awake(on, spec, 3);
        int time = spec.sequence();
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), time, 5);
        double[] before = logits(model, tokens, training);
        tokens[changed] = (tokens[changed] + 1) % spec.vocabulary();
        return Arrays.mismatch(before, logits(model, tokens, training)) / spec.vocabulary();
    }

    private double[] logits(LanguageModel model, int[] tokens, boolean training) {
        Pass pass = training ? Pass.training(1, tokens.length, 1, 0) : Pass.evaluation(1, tokens.length);
        try (Tape t = new Tape(on, arena, false)) {
            return model.forward(t, tokens, pass).logits(t).value().toDoubles();
        }
    }

    @ParameterizedTest
    @MethodSource("everyLayer")
    void modelsOfOneSeedAgreeInAllThatTheyShare(FeedForwardSpec layer) {
        Map<String, double[]> dense = values(AnyLayer.model(new DenseFeedForward.Spec()));
        Map<String, double[]> other = values(AnyLayer.model(layer));
        assertThat(other.keySet()).contains("embedding.weight", "blocks.0.attentionNorm.weight", "blocks.1.feedForwardNorm.weight", "norm.weight")
            .anyMatch(name -> name.startsWith("blocks.1.attention."));
        dense.forEach((name, values) -> {
            if (!name.contains(".feedForward.")) {
                assertThat(other.get(name)).as(name).isEqualTo(values);
            }
        });
    }

    @Test
    void anotherSeedGivesOtherWeightsAndSoDoesAnotherBlock() {
        Map<String, double[]> one = values(AnyLayer.model(new DenseFeedForward.Spec()));
        LanguageModel two = AnyLayer.model(new DenseFeedForward.Spec()).build(new Init(on, 4));
        assertThat(two.parameters().getFirst().value().toDoubles()).isNotEqualTo(one.get(two.parameters().getFirst().name()));
        assertThat(one.get("blocks.0.feedForward.in.weight")).isNotEqualTo(one.get("blocks.1.feedForward.in.weight"));
    }

    private Map<String, double[]> values(ModelSpec spec) {
        Map<String, double[]> values = new HashMap<>();
        for (Parameter p : spec.build(new Init(on, 3)).parameters()) {
            assertThat(values.put(p.name(), p.value().toDoubles())).as("two parameters named " + p.name()).isNull();
        }
        return values;
    }

    @Test
    void anUntiedHeadIsAMatrixOfItsOwn() {
        Transformer.Spec tied = AnyLayer.model(new DenseFeedForward.Spec());
        ModelSpec untied = new Transformer.Spec(tied.vocabulary(), tied.dim(), tied.sequence(), tied.attention(), false, tied.blocks());
        assertThat(values(tied)).doesNotContainKey("head.weight");
        assertThat(values(untied)).containsKey("head.weight").hasSize(values(tied).size() + 1);
        LanguageModel model = untied.build(new Init(on, 3));
        gradients(model, AnyLayer.tokens(tied.vocabulary(), BATCH * tied.sequence(), 1));
        assertThat(on.sumOfSquares(named(model, "head.weight").dData())).isPositive();
        assertThat(on.sumOfSquares(named(model, "embedding.weight").dData())).isPositive();
    }

    @ParameterizedTest
    @MethodSource("everyLayer")
    void stepsLowerTheLossOfTheirBatch(FeedForwardSpec layer) {
        ModelSpec spec = AnyLayer.model(layer);
        LanguageModel model = spec.build(new Init(on, 3));
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), BATCH * spec.sequence(), 1);
        Optimizer optimizer = new Adam.Spec().build(on, model.parameters());
        double before = gradients(model, tokens);
        for (int step = 0; step < 10; step++) { // one alone may flip a choice of expert, and the loss jumps there
            assertThat(Gradients.norm(on, model.parameters())).isFinite().isPositive();
            optimizer.step(1e-2);
            Gradients.clear(on, model.parameters());
            gradients(model, tokens);
        }
        Gradients.clear(on, model.parameters());
        assertThat(gradients(model, tokens)).isLessThan(before);
    }

    /** Forward and backward of next-token prediction over a fixed batch with fixed noise; gives the loss. */
    private double gradients(LanguageModel model, int[] tokens) {
        int[] targets = new int[tokens.length];
        Arrays.setAll(targets, i -> tokens[(i + 1) % tokens.length]);
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, tokens.length / BATCH, 1, 0));
            Variable loss = output.total(t, output.crossEntropy(t, targets));
            t.backward(loss);
            return loss.value().item();
        }
    }

    /** Those that are small enough for a look at each entry; the others have their layer checked on its own. */
    static List<FeedForwardSpec> smallLayers() {
        return AnyLayer.all().stream().filter(layer -> layer.parameters(4) < 1000).toList();
    }

    @ParameterizedTest
    @MethodSource("smallLayers")
    void gradientsOfAWholeModelAreCentralDifferences(FeedForwardSpec layer) {
        ModelSpec spec = new Transformer.Spec(5, 4, 2, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true, Repeat.each(List.of(layer)));
        LanguageModel model = AnyLayer.awake(on, spec, 8);
        on.scale(20, named(model, "embedding.weight").data()); // away from the origin, where the norm of x is all curvature
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), BATCH * spec.sequence(), 2);
        int[] targets = AnyLayer.tokens(spec.vocabulary(), tokens.length, 3);
        GradientCheck.Result worst = GradientCheck.of(on, model.parameters(), t -> {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, spec.sequence(), 1, 0));
            return List.of(output.total(t, output.crossEntropy(t, targets)));
        }, 1);
        assertThat(worst.error()).as(worst.toString()).isLessThan(1e-5);
    }

    @Test
    void specsThatDoNotFitAreRefused() {
        DenseFeedForward.Spec layer = new DenseFeedForward.Spec();
        assertThatThrownBy(() -> new Transformer.Spec(7, 4, 5, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true, List.of())).isInstanceOf(InputException.class).hasMessageContaining("blocks is empty");
        assertThatThrownBy(() -> new Transformer.Spec(7, 6, 5, CausalSelfAttention.Spec.rotary(4, 1, 10_000), true, Repeat.each(List.of(layer)))).isInstanceOf(InputException.class).hasMessageContaining("heads is 4");
        assertThatThrownBy(() -> new Transformer.Spec(7, 6, 5, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true, Repeat.each(List.of(layer)))).isInstanceOf(InputException.class).hasMessageContaining("even width");
        assertThatThrownBy(() -> new Transformer.Spec(7, 12, 5, CausalSelfAttention.Spec.rotary(3, 2, 10_000), true, Repeat.each(List.of(layer)))).isInstanceOf(InputException.class).hasMessageContaining("keyHeads is 2");
        assertThatThrownBy(() -> new Transformer.Spec(0, 4, 5, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true, Repeat.each(List.of(layer)))).isInstanceOf(InputException.class).hasMessageContaining("vocabulary is 0");
        assertThatThrownBy(() -> new Transformer.Spec(7, 4, 5, CausalSelfAttention.Spec.rotary(2, 1, 1), true, Repeat.each(List.of(layer)))).isInstanceOf(InputException.class).hasMessageContaining("rotaryBase is 1.0");
    }

    @Test
    void blocksStandWhereThePapersPutThem() {
        FeedForwardSpec dense = new DenseFeedForward.Spec();
        FeedForwardSpec moe = new MixtureOfExperts.Spec(new TopKRouter.Spec(), new MlpExperts.Spec());
        assertThat(Repeat.unrolled(Repeat.everyOtherBlock(4, moe, dense))).containsExactly(dense, moe, dense, moe);
        assertThat(Repeat.unrolled(Repeat.middleBlock(12, moe, dense)).indexOf(moe)).isEqualTo(6);
        assertThat(Repeat.unrolled(Repeat.everyBlock(2, moe))).containsExactly(moe, moe);
    }

    private static Parameter named(LanguageModel model, String name) {
        return model.parameters().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
    }
}
