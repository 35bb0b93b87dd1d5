package org.moe4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against values to 20 digits, computed with mpmath at 40 digits; the probabilities reach all three ranges of AS 241. */
class NormalQuantileTest {
    @ParameterizedTest
    @CsvSource({
        "1e-300, -37.047096299361199237",
        "1e-20, -9.2623400897984075796",
        "1e-10, -6.3613409024040561991",
        "1e-6, -4.7534243088228989573",
        "0.001, -3.0902323061678135354",
        "0.074, -1.4466320671589785099",
        "0.076, -1.4325027208258116188",
        "0.25, -0.6744897501960817432",
        "0.5, 0",
        "0.6, 0.25334710313579974132",
        "0.975, 1.9599639845400538556",
        "0.999, 3.0902323061678132778"})
    void agreesWithKnownDigits(double p, double quantile) {
        assertThat(NormalQuantile.at(p)).isCloseTo(quantile, within(4e-16 * (1 + Math.abs(quantile))));
    }

    @Test
    void isOddAboutOneHalf() {
        for (double p : new double[] {0.25, 0.125, 0.0625, 0x1p-30}) {
            assertThat(NormalQuantile.at(1 - p)).isEqualTo(-NormalQuantile.at(p));
        }
    }
}
