package org.moe4j.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.moe4j.sweep.TrialSummary;
import org.moe4j.tensor.CounterRandom;

class GranularityFitTest {
    @Test void findsTheBottomOfAParabola() {
        GranularityFit fit = GranularityFit.of(new SyntheticSweep(3, 0.03, 0, 1).trials()).orElseThrow();
        assertThat(fit.architecture()).isEqualTo("MoE");
        assertThat(fit.points()).isEqualTo(5);
        assertThat(fit.optimum()).isCloseTo(3, within(1e-6));
        assertThat(fit.lossAt(12) - fit.lossAt(3)).isCloseTo(0.03 * 4, within(1e-9));
        assertThat(fit.shape()).isEqualTo(GranularityFit.Shape.INTERIOR);
        assertThat(fit.low()).as("one seed gives no interval").isNaN();
    }

    @Test void theIntervalHoldsTheTruthAboutAsOftenAsItSays() {
        int held = 0;
        for (int i = 0; i < 60; i++) {
            List<TrialSummary> trials = reseeded(new SyntheticSweep(4, 0.02, 0.01, 3).trials(), i);
            GranularityFit fit = GranularityFit.of(trials).orElseThrow();
            if (fit.low() <= 4 && 4 <= fit.high()) held++;
        }
        assertThat(held).isBetween(49, 60);
    }

    @Test void anOptimumBeyondTheRangeIsPutAtItsEdge() {
        GranularityFit finest = GranularityFit.of(new SyntheticSweep(64, 0.01, 0.001, 2).trials()).orElseThrow();
        assertThat(finest.shape()).isEqualTo(GranularityFit.Shape.FINEST);
        assertThat(finest.optimum()).isEqualTo(16);
        GranularityFit coarsest = GranularityFit.of(new SyntheticSweep(0.25, 0.01, 0.001, 2).trials()).orElseThrow();
        assertThat(coarsest.shape()).isEqualTo(GranularityFit.Shape.COARSEST);
        assertThat(coarsest.optimum()).isEqualTo(1);
    }

    @Test void noDifferenceIsCalledFlat() {
        GranularityFit fit = GranularityFit.of(new SyntheticSweep(4, 0, 0.01, 4).trials()).orElseThrow();
        assertThat(fit.shape()).isEqualTo(GranularityFit.Shape.FLAT);
        assertThat(fit.chanceOfSpread()).isGreaterThan(0.05);
    }

    @Test void twoGranularitiesMakeNoParabola() {
        List<TrialSummary> trials = new SyntheticSweep(4, 0.02, 0, 1).trials();
        assertThat(GranularityFit.of(trials.stream().filter(t -> t.granularity() <= 2).toList())).isEmpty();
        assertThat(GranularityFit.of(List.of())).isEmpty();
    }

    /** The same sweep with fresh noise: the loss of another seed, under the seed's old name. */
    private static List<TrialSummary> reseeded(List<TrialSummary> trials, int round) {
        return IntStream.range(0, trials.size()).mapToObj(i -> {
            TrialSummary t = trials.get(i);
            double distance = t.granularity() == 0 ? 0 : Math.log(t.granularity() / 4.0) / Math.log(2);
            double loss = 2.5 + 0.02 * distance * distance + 0.01 * CounterRandom.of(round, "again").normal(i);
            return new TrialSummary(t.label(), t.architecture(), t.granularity(), t.experts(), t.activeParameters(), t.totalParameters(),
                    t.tokens(), t.flops(), t.seed(), loss, loss, t.tokensPerSecond(), 1, 1, new double[0], List.of());
        }).toList();
    }
}
