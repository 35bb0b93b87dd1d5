package org.moe4j.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.moe4j.sweep.CurvePoint;
import org.moe4j.sweep.TrialSummary;

class SeedSummaryTest {
    @Test void estimatesAreTheTextbooks() {
        Estimate three = Estimate.of(1, 2, 6);
        assertThat(three.mean()).isEqualTo(3);
        assertThat(three.standardError()).isCloseTo(Math.sqrt(7.0 / 3), within(1e-12)); // variance (4+1+9)/2 = 7
        assertThat(three.n()).isEqualTo(3);
        assertThat(Estimate.of(5).standardError()).isNaN();
        assertThat(Estimate.of().mean()).isNaN();
    }

    @Test void averagesAnArmOverItsSeeds() {
        List<SeedSummary> arms = SeedSummary.of(List.of(
                trial("a", 1, 3.0, new double[] {1, 3}, 4.0), trial("b", 1, 2.0, new double[0], 1), trial("a", 2, 4.0, new double[] {9, 1}, 5.0)));
        assertThat(arms).extracting(SeedSummary::label).containsExactly("a", "b");
        SeedSummary a = arms.getFirst();
        assertThat(a.seeds()).isEqualTo(2);
        assertThat(a.validationLoss()).isEqualTo(new Estimate(3.5, 0.5, 2));
        assertThat(a.sortedLoad()).containsExactly((0.75 + 0.9) / 2, (0.25 + 0.1) / 2);
        assertThat(a.curve()).containsExactly(new CurvePoint(10, 100, 1e6, 4.5, 5.5));
        assertThat(SeedSummary.byLoss(arms)).extracting(SeedSummary::label).containsExactly("b", "a");
    }

    @Test void aDivergedSeedIsNotAveragedAwayAndRanksLast() {
        List<SeedSummary> arms = SeedSummary.of(List.of(trial("a", 1, 1.0, new double[0], 1),
                trial("a", 2, Double.NaN, new double[0], 1), trial("b", 1, 9.0, new double[0], 1)));
        assertThat(arms.getFirst().validationLoss().mean()).isNaN();
        assertThat(SeedSummary.byLoss(arms)).extracting(SeedSummary::label).containsExactly("b", "a");
    }

    private static TrialSummary trial(String label, long seed, double loss, double[] load, double training) {
        return new TrialSummary(label, "MoE", 1, 2, 10, 20, 100, 1e6, seed, loss, loss, 50, 1, 1, load,
                List.of(new CurvePoint(10, 100, 1e6, training, training + 1)));
    }
}
