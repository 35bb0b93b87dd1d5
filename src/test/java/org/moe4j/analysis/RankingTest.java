package org.moe4j.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.moe4j.sweep.TrialSummary;
import org.moe4j.tensor.CounterRandom;

class RankingTest {
    @Test void aClearBestIsSure() {
        Ranking ranking = Ranking.of(new SyntheticSweep(4, 0.02, 0.002, 3).trials());
        Ranking.Row best = ranking.rows().getFirst();
        assertThat(best.arm().label()).isEqualTo("MoE G=4");
        assertThat(best.shareBest()).isGreaterThan(0.99);
        assertThat(best.gap()).isZero();
        assertThat(ranking.rows().getLast().arm().label()).isEqualTo("dense");
        assertThat(ranking.rows()).extracting(Ranking.Row::gap).isSorted();
        assertThat(ranking.rows().stream().mapToDouble(Ranking.Row::shareBest).sum()).isCloseTo(1, within(1e-9));
    }

    @Test void equalArmsShareTheDoubt() {
        Ranking ranking = Ranking.of(new SyntheticSweep(4, 0, 0.01, 5).trials());
        assertThat(ranking.rows().getFirst().shareBest()).isLessThan(0.9);
        assertThat(ranking.rows().get(1).shareBest()).isGreaterThan(0.02);
    }

    @Test void oneSeedSaysNothingOfCertainty() {
        Ranking ranking = Ranking.of(new SyntheticSweep(4, 0.02, 0.002, 1).trials());
        assertThat(ranking.noise().known()).isFalse();
        assertThat(ranking.noise().deviation()).isNaN();
        assertThat(ranking.rows()).allSatisfy(row -> assertThat(row.shareBest()).isNaN());
        assertThat(ranking.rows().getFirst().arm().label()).isEqualTo("MoE G=4");
    }

    @Test void aDivergedArmIsNeverTheBest() {
        List<TrialSummary> trials = List.of(trial("good", 1, 3), trial("good", 2, 3.1), trial("bad", 1, Double.NaN), trial("bad", 2, 2));
        Ranking ranking = Ranking.of(trials);
        assertThat(ranking.rows()).extracting(row -> row.arm().label()).containsExactly("good", "bad");
    }

    @Test void whatASeedDoesToAllArmsAlikeIsNoNoise() {
        SeedNoise paired = SeedNoise.of(List.of(trial("a", 1, 3.0), trial("a", 2, 4.0), trial("b", 1, 3.5), trial("b", 2, 4.5)));
        assertThat(paired.paired()).isTrue();
        assertThat(paired.deviation()).isCloseTo(0, within(1e-12));
        SeedNoise unpaired = SeedNoise.of(List.of(trial("a", 1, 3.0), trial("a", 2, 4.0), trial("b", 3, 3.5), trial("b", 4, 4.5)));
        assertThat(unpaired.paired()).isFalse();
        assertThat(unpaired.deviation()).isCloseTo(Math.sqrt(0.5), within(1e-12)); // each arm's variance is 1/2
        assertThat(unpaired.errorOfDifference("a", "b")).isCloseTo(Math.sqrt(0.5), within(1e-12));
    }

    /** The scale for lost degrees of freedom is what keeps few seeds from looking surer than they are. */
    @Test void theNoiseIsEstimatedWithoutBias() {
        double mean = LongStream.range(0, 400).mapToDouble(i -> {
            CounterRandom random = CounterRandom.of(i, "trials");
            List<TrialSummary> trials = LongStream.range(0, 8).mapToObj(t -> trial("arm " + t / 2, t % 2, 2 + 0.1 * random.normal(t))).toList();
            double deviation = SeedNoise.of(trials).deviation();
            return deviation * deviation;
        }).average().orElseThrow();
        assertThat(Math.sqrt(mean)).isCloseTo(0.1, within(0.005));
    }

    private static TrialSummary trial(String label, long seed, double loss) {
        return new TrialSummary(label, "MoE", 1, 2, 10, 20, 100, 1e6, seed, loss, loss, 50, 1, 1, new double[0], List.of());
    }
}
