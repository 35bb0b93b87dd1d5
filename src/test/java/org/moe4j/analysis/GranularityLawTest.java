package org.moe4j.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.io.InputException;

/** The law against what its paper prints, and against itself. */
class GranularityLawTest {
    static final List<KrajewskiTables.Optimum> OPTIMA = KrajewskiTables.TABLE_2;
    static final List<KrajewskiTables.Band> BANDS_64 = KrajewskiTables.TABLE_6;
    static final List<KrajewskiTables.Band> BANDS_16 = KrajewskiTables.TABLE_9;

    @ParameterizedTest
    @FieldSource("OPTIMA")
    void reproducesTable2(KrajewskiTables.Optimum row) {
        GranularityLaw.Point point = GranularityLaw.MIXTURE.at(row.granularity(), row.active(), row.tokens());
        assertThat(point.flops()).isCloseTo(row.flops(), withPercentage(1));
        assertThat(point.loss()).isCloseTo(row.loss(), within(0.03));

        GranularityLaw.Point best = GranularityLaw.MIXTURE.best(row.flops());
        assertThat(best.granularity()).isEqualTo(row.granularity());
        assertThat(best.active()).isCloseTo(row.active(), withPercentage(4));
        assertThat(best.tokens()).isCloseTo(row.tokens(), withPercentage(4));
        assertThat(best.flops()).isCloseTo(row.flops(), withPercentage(1e-6));
    }

    /** The paper's "64 x N_act" is a name: attention is not multiplied, so N is 43 N_act. */
    @ParameterizedTest
    @FieldSource("OPTIMA")
    void nIsNotSixtyFourTimesTheActive(KrajewskiTables.Optimum row) {
        assertThat(GranularityLaw.MIXTURE.parameters(row.active())).isEqualTo(43 * row.active());
        double asNamed = GranularityLaw.MIXTURE.loss(64 * row.active(), row.tokens(), row.granularity());
        assertThat(row.loss() - asNamed).isBetween(0.03, 0.1);
    }

    @ParameterizedTest
    @FieldSource("BANDS_64")
    void theConstantsOfTable5LieInTable6(KrajewskiTables.Band band) {
        assertThat(band.holds(GranularityLaw.HELD_OUT.bestOfSize(band.active()))).isTrue();
    }

    @ParameterizedTest
    @FieldSource("BANDS_16")
    void theConstantsOfTable8LieInTable9(KrajewskiTables.Band band) {
        assertThat(band.holds(GranularityLaw.MIXTURE_16.bestOfSize(band.active()))).isTrue();
    }

    @Test
    void bestOfSizeIsWhatTheCardFound() {
        GranularityLaw.Point billion = GranularityLaw.HELD_OUT.bestOfSize(1e9);
        assertThat(billion.granularity()).isEqualTo(16);
        assertThat(billion.tokens()).isCloseTo(25.6e9, withPercentage(0.5));
        GranularityLaw.Point small = GranularityLaw.MIXTURE_16.bestOfSize(1e9);
        assertThat(small.granularity()).isEqualTo(16);
        assertThat(small.tokens()).isCloseTo(74.4e9, withPercentage(0.5));
        GranularityLaw.Point trillion = GranularityLaw.MIXTURE_16.bestOfSize(1e12);
        assertThat(trillion.granularity()).isEqualTo(64);
        assertThat(trillion.tokens()).isCloseTo(12.4e12, withPercentage(0.5));
    }

    @Test
    void aDenseModelNeedsTwentyTimesTheCompute() {
        assertThat(multiplier(1e18)).isCloseTo(17.2, within(0.1));
        assertThat(multiplier(1e20)).isCloseTo(21.3, within(0.1)).isCloseTo(20, within(3.0));
        assertThat(multiplier(1e22)).isCloseTo(25.4, within(0.1));
        assertThat(multiplier(1e25)).as("the paper says over 40 here; its rounded constants don't").isCloseTo(32.0, within(0.1));
    }

    private static double multiplier(double flops) {
        return GranularityLaw.DENSE.computeToMatch(GranularityLaw.MIXTURE.best(flops));
    }

    @Test
    void theRouterTakesMostOfASmallFineModel() {
        assertThat(GranularityLaw.routerShare(256, 64, 64)).isCloseTo(0.757, within(0.0005));
    }

    /** In a whole model of the paper's proportions the share is the same as in one block. */
    @Test
    void theFlopsHoldTheRouterShare() {
        GranularityLaw law = GranularityLaw.MIXTURE;
        double active = 12.0 * 256 * 256 * 4;                                    // d = 256, 4 blocks
        double expected = 6 * active / (1 - GranularityLaw.routerShare(256, 64, 8));
        assertThat(law.flopsPerToken(active, 8)).isCloseTo(expected, withPercentage(1e-9));
        assertThat(GranularityLaw.DENSE.flopsPerToken(active, 1)).isCloseTo(6 * active, withPercentage(1e-9));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e17, 1e20, 1e24})
    void noOtherSizeIsBetter(double flops) {
        for (GranularityLaw law : List.of(GranularityLaw.MIXTURE, GranularityLaw.MIXTURE_16, GranularityLaw.HELD_OUT, GranularityLaw.DENSE)) {
            GranularityLaw.Point best = law.best(flops);
            for (double factor : new double[] {0.5, 0.99, 1.01, 2}) {
                double active = best.active() * factor;
                double tokens = flops / law.flopsPerToken(active, best.granularity());
                assertThat(law.at(best.granularity(), active, tokens).loss()).isGreaterThan(best.loss());
            }
        }
    }

    @Test
    void refusesAnExpansionWithoutConstants() {
        assertThatThrownBy(() -> GranularityLaw.of(32)).isInstanceOf(InputException.class).hasMessageContaining("expansion is 32").hasMessageContaining("16 and 64");
    }

    @Test
    void brentFindsMinimaOfSeveralShapes() {
        assertThat(Brent.minimum(x -> (x - 2) * (x - 2), -10, 10, 1e-9)).isCloseTo(2, within(1e-7));
        assertThat(Brent.minimum(x -> Math.abs(x - 0.3), 0, 1, 1e-9)).isCloseTo(0.3, within(1e-8));
        assertThat(Brent.minimum(x -> Math.exp(x) + Math.exp(-3 * x), -5, 9, 1e-9)).isCloseTo(Math.log(3) / 4, within(1e-7));
        assertThat(Brent.minimum(x -> x, 1, 2, 1e-9)).as("at a bound").isCloseTo(1, within(1e-7));
    }
}
