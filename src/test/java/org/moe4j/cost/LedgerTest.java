package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.io.InputException;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.train.Adafactor;
import org.moe4j.train.Adam;

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

    /** Adam keeps two values for each, Adafactor the rows' and columns' means of a matrix of experts. */
    @Test
    void optimizersOfLargeModelsAreCountedExactlyAndAtOnce() {
        Ledger mixtral = Ledger.of(Architecture.named("mixtral-8x7b").spec());
        long adam = mixtral.optimizerValues(new Adam.Spec()::stateSize).values().stream().mapToLong(Long::longValue).sum();
        assertThat(adam).isEqualTo(2 * 46_702_792_704L);
        long adafactor = mixtral.optimizerValues(new Adafactor.Spec()::stateSize).values().stream().mapToLong(Long::longValue).sum();
        assertThat(adafactor).isPositive().isLessThan(adam / 1000);
    }
}
