package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.model.zoo.Mark;
import org.moe4j.model.zoo.Published;

class PublishedCountTest {
    private static final ModelSpec MIXTRAL = Architecture.named("mixtral-8x7b").spec();

    /** A mismatch is a mistake in the ledger, or has a reason that wants to be found and written down. */
    @Test
    void noPublishedCountIsMissedWithoutAReason() {
        assertThat(Architecture.all().stream().flatMap(a -> PublishedCount.of(a).stream()).filter(c -> c.verdict() == PublishedCount.Verdict.MISMATCH)
            .map(c -> c.architecture().name() + " prints " + c.published().printed() + ", its dimensions give " + c.calculated())).isEmpty();
    }

    @Test
    void anExceptionIsNotClaimedForACountThatIsMet() {
        assertThat(Architecture.all().stream().flatMap(a -> PublishedCount.of(a).stream())
            .filter(c -> c.verdict() == PublishedCount.Verdict.AS_PRINTED && !c.published().exception().isEmpty())
            .map(c -> c.architecture().name() + " " + c.published().printed())).isEmpty();
    }

    @Test
    void verdictsGoByThePrintedDigits() {
        assertThat(verdict("46.7B")).isEqualTo(PublishedCount.Verdict.AS_PRINTED);
        assertThat(verdict("46.6B")).isEqualTo(PublishedCount.Verdict.CLOSE);
        assertThat(verdict("45B")).isEqualTo(PublishedCount.Verdict.MISMATCH);
        Published reasoned = Published.of(Published.Quantity.PARAMETERS, "56B", Mark.RECALLED).except("8 x 7B, as if nothing were shared");
        assertThat(PublishedCount.of(new Architecture("named", "nobody", MIXTRAL, List.of(reasoned), "")).getFirst().verdict())
            .isEqualTo(PublishedCount.Verdict.EXCEPTION);
    }

    @Test
    void multiplyAddsAreHalfTheFlops() {
        Published printed = Published.of(Published.Quantity.MULTIPLY_ADDS, "13B", Mark.RECALLED);
        PublishedCount count = PublishedCount.of(new Architecture("named", "nobody", MIXTRAL, List.of(printed), "")).getFirst();
        assertThat(count.calculated()).isEqualTo(Ledger.of(MIXTRAL).forwardFlopsPerToken() / 2);
    }

    private static PublishedCount.Verdict verdict(String printed) {
        Published published = Published.of(Published.Quantity.PARAMETERS, printed, Mark.RECALLED);
        return PublishedCount.of(new Architecture("named", "nobody", MIXTRAL, List.of(published), "")).getFirst().verdict();
    }
}
