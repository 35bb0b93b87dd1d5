package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.model.AnyLayer;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/** The ledger of every architecture, at its published size and at any smaller one, is what a model of that spec has and does. */
class ArchitectureLedgerProperties {
    /** Sequences of a batch. Banks are cut to 1, 2, 4, .. experts up to as many, among which expert choice can deal them out without a rest. */
    private static final int BATCH = 16;

    @Property(tries = 300)
    void itsParametersAreThoseAllocated(@ForAll("architectures") Architecture architecture, @ForAll("sizes") Size size) {
        allocated(architecture.resized(size));
    }

    @Property
    void atThePublishedSizeToo(@ForAll("architectures") Architecture architecture) {
        allocated(architecture.spec());
    }

    @Property(tries = 300)
    void itsFlopsAreThoseOfAPass(@ForAll("architectures") Architecture architecture, @ForAll("sizes") Size size) {
        ModelSpec spec = architecture.resized(size);
        DryBackend on = new DryBackend();
        LanguageModel model = spec.build(new Init(on, 1));
        int[] tokens = AnyLayer.tokens(spec.vocabulary(), BATCH * spec.sequence(), 1);
        try (Tape t = new Tape(on, new Arena(on))) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, spec.sequence(), 1, 0));
            output.total(t, output.crossEntropy(t, tokens));
            long formula = Ledger.trainingFlops(spec, BATCH);
            if (AnyLayer.isFull(output)) {
                assertThat(t.cost().trainingFlops()).isEqualTo(formula);
            } else {
                assertThat(t.cost().trainingFlops()).isPositive().isLessThan(formula);
            }
        }
    }

    /** In each block as in the whole. */
    private static void allocated(ModelSpec spec) {
        Ledger ledger = Ledger.of(spec);
        Map<Integer, Long> byBlock = new TreeMap<>();
        ledger.parts().forEach(part -> byBlock.merge(part.block(), part.parameters(), Long::sum));
        byBlock.values().removeIf(parameters -> parameters == 0);
        assertThat(ledger.optimizerBytes((p, on) -> p.shape().size())).isEqualTo(byBlock);
        assertThat(ledger.parts()).allSatisfy(part -> assertThat(part.active()).isBetween(0L, part.parameters()));
        assertThat(ledger.groups().stream().mapToLong(g -> g.blocks().size() * g.parts().stream().mapToLong(Part::parameters).sum()).sum())
            .isEqualTo(ledger.parameters());
    }

    @Provide
    Arbitrary<Architecture> architectures() {
        return Arbitraries.of(Architecture.all());
    }

    @Provide
    Arbitrary<Size> sizes() {
        return Combinators.combine(Arbitraries.integers().between(2, 40), Arbitraries.integers().between(2, 12), Arbitraries.integers().between(1, 10),
            Arbitraries.integers().between(1, 5), Arbitraries.of(1, 2, 4, 8, BATCH)).as((vocabulary, sequence, quarter, layers, experts) ->
                new Size(vocabulary, sequence, 4 * quarter, layers, experts));
    }
}
