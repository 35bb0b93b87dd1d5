package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.GatedFeedForward;
import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.ValueExperts;
import org.moe4j.model.AnyLayer;
import org.moe4j.model.EncoderDecoder;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.RecurrentModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RelativeBias;
import org.moe4j.nn.TableValues;

/** Cost is counted twice, by formula and by what a model in fact allocates and its tape reports: both agree for any model. */
class LedgerProperties {
    /** Sequences of a batch: as many as expert choice wants for each expert to get a token of every position. */
    private static final int BATCH = 4;

    @Property(tries = 100)
    void theFormulaCountsTheAllocatedParameters(@ForAll("specs") ModelSpec spec) {
        Backend on = new DryBackend();
        LanguageModel model = spec.build(new Init(on, 1));
        long trained = model.parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER).mapToLong(p -> p.shape().size()).sum();
        Ledger cost = Ledger.of(spec);
        assertThat(cost.parameters()).isEqualTo(trained);
        assertThat(cost.weightBytes(Float.BYTES)).isEqualTo(model.parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER)
            .mapToLong(p -> p.shape().size() * on.bytesPerValue(p.data().type())).sum());
        assertThat(cost.activeParameters()).isPositive().isLessThanOrEqualTo(cost.parameters());
    }

    @Property(tries = 60)
    void theFormulaIsTheFlopsOfARealPass(@ForAll("specs") ModelSpec spec, @ForAll long seed) {
        agrees(new ReferenceBackend(), spec, seed);
    }

    @Property(tries = 100)
    void theFormulaIsTheFlopsOfADryPass(@ForAll("specs") ModelSpec spec) {
        agrees(new DryBackend(), spec, 1);
    }

    /** Equal; no more than the formula's where capacity left slots empty. */
    private static void agrees(Backend on, ModelSpec spec, long seed) {
        LanguageModel model = spec.build(new Init(on, seed));
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), BATCH * spec.sequence(), seed);
        try (Tape t = new Tape(on, new Arena(on))) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, spec.sequence(), seed, 0));
            output.total(t, output.crossEntropy(t, tokens));
            long formula = Ledger.trainingFlops(spec, BATCH);
            if (AnyLayer.isFull(output)) {
                assertThat(t.cost().trainingFlops()).isEqualTo(formula);
            } else {
                assertThat(t.cost().trainingFlops()).isPositive().isLessThan(formula);
            }
        }
    }

    /** Every layer, and those with tables with them in bfloat16, shared among layers and inside of others too. */
    private static List<FeedForwardSpec> layers() {
        ProductKeyRouter.Spec router = new ProductKeyRouter.Spec(9, 2, 2, 4);
        FeedForwardSpec memory = new MemoryPlusFeedForward.Spec(router, "half", TableValues.BFLOAT16);
        List<FeedForwardSpec> halves = List.of(memory, new GatedFeedForward.Spec(memory),
            new MixtureOfExperts.Spec(router, new ValueExperts.Spec(TableValues.BFLOAT16_NEAREST)),
            new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16)),
            new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec(Activation.SWIGLU, TableValues.BFLOAT16_NEAREST), List.of(memory), true));
        return Stream.concat(AnyLayer.all().stream(), halves.stream()).toList();
    }

    @Provide
    Arbitrary<ModelSpec> specs() {
        Arbitrary<int[]> widths = Combinators.combine(Arbitraries.integers().between(1, 3), Arbitraries.integers().between(1, 2),
            Arbitraries.integers().between(1, 3)).as((keyHeads, shared, half) -> new int[] {keyHeads * shared, keyHeads, 2 * half});
        Arbitrary<List<FeedForwardSpec>> blocks = Arbitraries.of(layers()).list().ofMinSize(1).ofMaxSize(3);
        Arbitrary<ModelSpec> transformers = Combinators.combine(Arbitraries.integers().between(2, 40), widths, Arbitraries.integers().between(1, 12),
            Arbitraries.of(true, false), Arbitraries.of(true, false), blocks).as(LedgerProperties::spec);
        Arbitrary<ModelSpec> recurrent = Combinators.combine(Arbitraries.integers().between(2, 40), Arbitraries.integers().between(1, 9),
            Arbitraries.integers().between(0, 9), Arbitraries.integers().between(1, 12), Arbitraries.of(true, false), Arbitraries.of(true, false), blocks)
            .as(LedgerProperties::recurrent);
        return Arbitraries.frequencyOf(Tuple.of(2, transformers), Tuple.of(1, recurrent));
    }

    /** An LSTM before each layer: with a projection, or without one if {@code units} is 0. */
    private static ModelSpec recurrent(int vocabulary, int dim, int units, int sequence, boolean tied, boolean bias, List<FeedForwardSpec> layers) {
        RecurrentModel.Layer lstm = units == 0 ? RecurrentModel.Layer.lstm(dim, 0) : RecurrentModel.Layer.lstm(units, dim);
        return new RecurrentModel.Spec(vocabulary, dim, sequence, tied, bias, 0.1, true, true,
            layers.stream().flatMap(layer -> Stream.of(lstm, RecurrentModel.Layer.of(layer))).toList());
    }

    /** @param width H, KV and Dh */
    private static ModelSpec spec(int vocabulary, int[] width, int sequence, boolean tied, boolean oneSided, List<FeedForwardSpec> layers) {
        int dim = width[0] * width[2];
        if (oneSided) {
            return new Transformer.Spec(vocabulary, dim, sequence, CausalSelfAttention.Spec.rotary(width[0], width[1], 10_000), tied, Repeat.each(layers));
        }
        CausalSelfAttention.Spec attention = new CausalSelfAttention.Spec(width[0], width[1], 5, null, new RelativeBias.Spec(4, 3),
            CausalSelfAttention.Biases.QUERY_KEY_VALUE, CausalSelfAttention.QueryKeyNorm.ALL_HEADS, null, 3.0);
        return new EncoderDecoder.Spec(vocabulary, dim, sequence + 1, attention, tied, Repeat.each(layers), Repeat.each(layers.subList(0, 1)));
    }
}
