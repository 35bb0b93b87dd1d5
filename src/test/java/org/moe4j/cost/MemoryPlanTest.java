package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.experts.ValueExperts;
import org.moe4j.model.AnyLayer;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.nn.Pass;

/** The plan made on the back end that computes nothing against what a step on the real one takes. */
class MemoryPlanTest {
    private static final int BATCH = 4;
    private static final int SEQUENCE = 24;
    private static final int VOCABULARY = 50;

    private final Backend on = Backends.open("simd", 1);

    @AfterEach
    void close() {
        on.close();
    }

    static List<FeedForwardSpec> withoutTables() {
        return List.of(new DenseFeedForward.Spec(40, Activation.GELU, true), new DenseFeedForward.Spec(),
            new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 1), new MlpExperts.Spec(20, Activation.GELU, false)),
            new MixtureOfExperts.Spec(new TopKRouter.Spec(16, 4), new MlpExperts.Spec(5, Activation.SWIGLU, true), List.of(new DenseFeedForward.Spec()), true));
    }

    static List<FeedForwardSpec> withTables() {
        return List.of(new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(256, 2, 4, 8), new SingleNeuronExperts.Spec()),
            new MixtureOfExperts.Spec(ProductKeyRouter.Spec.memory(1024, 2, 4, 8), new ValueExperts.Spec()));
    }

    static List<FeedForwardSpec> everyLayer() {
        return AnyLayer.all();
    }

    @ParameterizedTest
    @MethodSource("withoutTables")
    void activationsAreWhatTheArenaReservesAtItsPeak(FeedForwardSpec layer) {
        ModelSpec spec = spec(layer);
        assertThat(step(spec).peakBytes()).isEqualTo(MemoryPlan.of(spec, BATCH, 2).activations());
    }

    @ParameterizedTest
    @MethodSource("withTables")
    void ofTablesThePlanIsTheMost(FeedForwardSpec layer) {
        ModelSpec spec = spec(layer);
        long plan = MemoryPlan.of(spec, BATCH, 2).activations();
        assertThat(step(spec).peakBytes()).isLessThanOrEqualTo(plan).isGreaterThan(plan / 2);
    }

    @ParameterizedTest
    @MethodSource("everyLayer")
    void weightsGradientsAndOptimizerAreWhatIsAllocated(FeedForwardSpec layer) {
        ModelSpec spec = spec(layer);
        LanguageModel model = spec.build(new Init(on, 1));
        long weights = 0;
        long gradients = 0;
        long state = 0;
        for (Parameter p : model.parameters()) {
            if (!p.data().inMemory()) {
                continue;
            }
            p.ensureGrad(on);
            weights += p.data().size();
            gradients += p.grad() == null ? 0 : p.dData().size();
            state += p.kind() == Parameter.Kind.BUFFER ? 0 : 2 * p.data().size();
        }
        MemoryPlan plan = MemoryPlan.of(spec, BATCH, 2);
        assertThat(List.of(plan.weights(), plan.gradients(), plan.optimizer()))
            .containsExactly(Float.BYTES * weights, Float.BYTES * gradients, Float.BYTES * state);
    }

    /** Tables and their moments in half the bytes; all else as it was. */
    @Test
    void halvesAreCountedAsSuch() {
        ProductKeyRouter.Spec router = new ProductKeyRouter.Spec(256, 2, 4, 8);
        MemoryPlan whole = MemoryPlan.of(spec(new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec())), BATCH, 2);
        MemoryPlan half = MemoryPlan.of(spec(new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16))), BATCH, 2);
        ModelSpec spec = spec(new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec()));
        long tables = spec.build(new Init(on, 1)).parameters().stream().filter(Parameter::isTable).filter(p -> p.name().matches(".*(up|down)"))
            .mapToLong(p -> p.data().size()).sum();
        assertThat(tables).isPositive();
        assertThat(half.weights()).isEqualTo(whole.weights() - 2 * tables);
        assertThat(half.optimizer()).isEqualTo(whole.optimizer() - 4 * tables);
        assertThat(half.gradients()).isEqualTo(whole.gradients());
    }

    @Test
    void aPlanAllocatesNothing() {
        ModelSpec large = new Transformer.Spec(50_000, 4096, 2048, CausalSelfAttention.Spec.rotary(32, 8, 10_000), false, Repeat.everyBlock(32,
            new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 2), new MlpExperts.Spec(14_336, Activation.SWIGLU, false))));
        MemoryPlan plan = MemoryPlan.of(large, 1, 2);
        assertThat(plan.weights()).isGreaterThan(180_000_000_000L); // Mixtral's 47 billion parameters in float32
        assertThat(plan.total()).isGreaterThan(plan.weights() + plan.gradients() + plan.optimizer());
    }

    /** The arena after forward and backward. */
    private Arena step(ModelSpec spec) {
        LanguageModel model = spec.build(new Init(on, 1));
        Arena arena = new Arena(on);
        int[] tokens = AnyLayer.tokens(VOCABULARY, BATCH * SEQUENCE, 1);
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, SEQUENCE, 1, 0));
            t.backward(output.total(t, output.crossEntropy(t, tokens)));
        }
        return arena;
    }

    private static ModelSpec spec(FeedForwardSpec layer) {
        return new Transformer.Spec(VOCABULARY, 16, SEQUENCE, CausalSelfAttention.Spec.rotary(2, 1, 10_000), false, Repeat.everyBlock(2, layer));
    }
}
