package org.moe4j.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.nn.Init;

/** PEER, its baselines and Memory+: the counts of the cards, and those of what is allocated. */
class RetrievalModelsTest {
    /** 2 N d: 0.54 B at d = 256, 1.61 B at d = 768; 3 N d with gated neurons. */
    @ParameterizedTest
    @CsvSource({"peer-1m, 536870912", "peer-1m-d768, 1610612736", "peer-262k, 134217728", "peer-65k, 33554432", "peer-16k, 8388608",
        "peer-1m-gated, 805306368", "pkm, 268435456", "pkm-262k, 268435456"})
    void theExpertsOfTheMiddleBlock(String name, long experts) {
        MixtureOfExperts.Spec layer = middle(name);
        int dim = Architecture.named(name).spec().dim();
        assertThat(layer.router().experts() * layer.experts().parametersPerExpert(dim)).isEqualTo(experts);
    }

    /** The ledger of the card for one token: d h dk for queries, h sqrt(N) dk for sub-keys, h k² sums, 2 h k d for experts. */
    @Test
    void multiplyAddsAndRouterOfPeer() {
        int d = 256;
        int h = 8;
        int k = 16;
        int side = 1024;
        int dk = 128;
        MixtureOfExperts.Spec layer = middle("peer-1m");
        long products = (long) d * h * dk + (long) h * side * dk + 2L * h * k * d;
        assertThat(layer.flops(d, 1)).isEqualTo(2 * products + h * k * k);
        assertThat(products + h * k * k).as("1.38 M, 2.6 times a dense layer of 4 d").isBetween(1_375_000L, 1_385_000L);
        assertThat(layer.router().parameters(d)).isEqualTo((long) d * h * dk + side * dk + 2 * h * dk);
        assertThat(middle("pkm").router().parameters(d)).as("sub-keys of each head, a bias").isEqualTo((long) d * h * dk + h * dk + (long) h * side * dk + 2 * h * dk);
    }

    private static MixtureOfExperts.Spec middle(String name) {
        List<FeedForwardSpec> layers = Architecture.named(name).spec().feedForwards();
        List<FeedForwardSpec> mixtures = layers.stream().filter(MixtureOfExperts.Spec.class::isInstance).toList();
        assertThat(mixtures).hasSize(1);
        assertThat(layers.indexOf(mixtures.getFirst())).isEqualTo(layers.size() / 2);
        return (MixtureOfExperts.Spec) mixtures.getFirst();
    }

    @ParameterizedTest
    @ValueSource(strings = {"peer-1m", "peer-1m-gated", "peer-moe", "pkm", "memory-plus", "finegrained-64x25m-g8"})
    void theLedgerCountsWhatIsAllocated(String name) {
        ModelSpec spec = Architecture.named(name).spec();
        long allocated = spec.build(new Init(new DryBackend(), 1)).parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER)
            .mapToLong(p -> p.shape().size()).sum();
        assertThat(spec.parts(1, 8).stream().mapToLong(Part::parameters).sum()).isEqualTo(allocated);
    }

    /** The million values of three blocks are one table, in a line of its own; a token may use 4 heads times 32 of them in each block. */
    @Test
    void memoryPlusCountsItsValuesOnce() {
        ModelSpec spec = Architecture.named("memory-plus").spec();
        List<Part> shared = spec.parts(1, 8).stream().filter(part -> part.name().startsWith("shared")).toList();
        assertThat(shared).containsExactly(new Part(Part.OUTSIDE, "shared memory", Part.Kind.FEED_FORWARD, 1L << 30, 0, 3 * 4 * 32 * 1024, 0));
        List<Part> blocks = spec.parts(1, 8).stream().filter(part -> part.name().equals("feed-forward")).toList();
        List<Integer> withMemory = blocks.stream().filter(part -> part.parameters() != 3L * 1024 * 2816).map(Part::block).toList();
        assertThat(withMemory).containsExactly(4, 12, 20);
    }
}
