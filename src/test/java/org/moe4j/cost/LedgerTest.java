package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.ValueExperts;
import org.moe4j.io.InputException;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Tensor;
import org.moe4j.train.Adafactor;
import org.moe4j.train.Adam;
import org.moe4j.train.OptimizerSpec;
import org.moe4j.train.Sgd;

class LedgerTest {
    private static final FeedForwardSpec DENSE = new DenseFeedForward.Spec();
    private static final FeedForwardSpec MIXTURE = new MixtureOfExperts.Spec();

    private static Transformer.Spec model(boolean tied, List<Repeat> blocks) {
        return new Transformer.Spec(10, 8, 6, CausalSelfAttention.Spec.rotary(2, 1, 10_000), tied, blocks);
    }

    @Test
    void blocksThatAreAlikeFoldWhereverTheyStand() {
        List<Ledger.Group> groups = Ledger.of(model(false, Repeat.middleBlock(5, MIXTURE, DENSE))).groups();
        assertThat(groups).extracting(Ledger.Group::blocks)
            .containsExactly(List.of(Part.OUTSIDE), List.of(0, 1, 3, 4), List.of(2), List.of(Part.OUTSIDE), List.of(Part.OUTSIDE));
        assertThat(groups.get(2).parts()).extracting(Part::name).contains("attention", "router", "experts");
        assertThat(groups.get(1).parts()).extracting(Part::name).contains("feed-forward").doesNotContain("router");
    }

    @Test
    void aConventionIsASetOfKinds() {
        Ledger untied = Ledger.of(model(false, Repeat.everyBlock(2, DENSE)));
        Ledger tied = Ledger.of(model(true, Repeat.everyBlock(2, DENSE)));
        assertThat(untied.parameters() - untied.without(Part.Kind.EMBEDDINGS).parameters()).isEqualTo(2 * 10 * 8);
        assertThat(tied.parameters() - tied.without(Part.Kind.EMBEDDINGS).parameters()).isEqualTo(10 * 8);
        assertThat(untied.only(Part.Kind.EMBEDDINGS).forwardFlopsPerToken()).as("the head").isEqualTo(2 * 10 * 8);
        assertThat(untied.only(Part.Kind.ALL)).isEqualTo(untied);
    }

    @Test
    void attentionOverLongerSequencesTakesMoreForEachToken() {
        Transformer.Spec spec = model(false, Repeat.everyBlock(1, DENSE));
        double difference = Ledger.of(spec, 101).forwardFlopsPerToken() - Ledger.of(spec, 1).forwardFlopsPerToken();
        assertThat(difference).as("(T + 1) / 2 keys a token, 4 D each").isEqualTo((102 - 2) / 2 * 4.0 * 8);
        assertThatThrownBy(() -> Ledger.of(spec, 0)).isInstanceOf(InputException.class).hasMessage("sequence is 0, it has to be at least 1");
    }

    /** 8 gates of width 4096 in each of Mixtral's 32 blocks. */
    @Test
    void routersHaveALineOfTheirOwn() {
        Ledger routers = Ledger.of(Architecture.named("mixtral-8x7b").spec()).only(Set.of(Part.Kind.ROUTER));
        assertThat(routers.parameters()).isEqualTo(32L * 8 * 4096);
        assertThat(routers.forwardFlopsPerToken()).isEqualTo(2.0 * 32 * 8 * 4096);
    }

    @Test
    void trainingIsThreeTimesForward() {
        Ledger ledger = Ledger.of(model(true, Repeat.everyBlock(2, MIXTURE)));
        assertThat(ledger.trainingFlopsPerToken()).isEqualTo(3 * ledger.forwardFlopsPerToken());
    }

    /** What a model allocates and what its optimizer does, in bytes, beside what the ledger says before; the memory of Memory+ is outside of the blocks. */
    @Test
    void bytesAreThoseOfTheArrays() {
        ProductKeyRouter.Spec router = new ProductKeyRouter.Spec(64, 2, 4, 8);
        for (TableValues table : TableValues.values()) {
            Transformer.Spec spec = model(true, Repeat.each(List.of(DENSE, new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec(Activation.GELU, table)),
                new MemoryPlusFeedForward.Spec(router, "memory", table), new MixtureOfExperts.Spec(router, new ValueExperts.Spec(table)))));
            for (OptimizerSpec optimizer : List.of(new Adam.Spec(), new Adam.Spec(null, null, null, null, true, null), new Sgd.Spec(), new Adafactor.Spec())) {
                try (Backend on = Backends.open("simd", 1)) {
                    List<Parameter> parameters = spec.build(new Init(on, 1)).parameters();
                    Ledger ledger = Ledger.of(spec);
                    assertThat(ledger.weightBytes(Float.BYTES)).isEqualTo(parameters.stream().filter(p -> p.kind() != Parameter.Kind.BUFFER).mapToLong(p -> bytes(p.value())).sum());
                    Map<Integer, Long> kept = new TreeMap<>(Map.of(Part.OUTSIDE, 0L, 0, 0L, 1, 0L, 2, 0L, 3, 0L));
                    optimizer.build(on, parameters).state().forEach((name, x) -> kept.merge(Ledger.block(name), bytes(x), Long::sum));
                    assertThat(ledger.optimizerBytes(optimizer::stateBytes)).isEqualTo(kept);
                }
            }
        }
    }

    private static long bytes(Tensor x) {
        return x.data().segment().byteSize();
    }

    /** Adam keeps two values for each, Adafactor the rows' and columns' means of a matrix of experts. */
    @Test
    void optimizersOfLargeModelsAreCountedExactlyAndAtOnce() {
        Ledger mixtral = Ledger.of(Architecture.named("mixtral-8x7b").spec());
        long adam = mixtral.optimizerBytes(new Adam.Spec()::stateBytes).values().stream().mapToLong(Long::longValue).sum();
        assertThat(adam).isEqualTo(2 * Float.BYTES * 46_702_792_704L);
        long adafactor = mixtral.optimizerBytes(new Adafactor.Spec()::stateBytes).values().stream().mapToLong(Long::longValue).sum();
        assertThat(adafactor).isPositive().isLessThan(adam / 1000);
    }
}
