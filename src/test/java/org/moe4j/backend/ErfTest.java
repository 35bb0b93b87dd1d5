package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against values to 20 digits, computed with mpmath (erf and erfc at 40 digits). */
class ErfTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0.0, 1.0",
        "1e-10, 1.1283791670955125739e-10, 0.99999999988716208329",
        "0.125, 0.14031620480133381739, 0.85968379519866618261",
        "0.5, 0.52049987781304653768, 0.47950012218695346232",
        "1, 0.84270079294971486934, 0.15729920705028513066",
        "1.5, 0.96610514647531072707, 0.033894853524689272933",
        "2, 0.99532226501895273416, 4.6777349810472658379e-3",
        "2.4375, 0.99943345674541983509, 5.6654325458016490645e-4",
        "2.5, 0.99959304798255504106, 4.0695201744495893956e-4",
        "3, 0.99997790950300141456, 2.2090496998585441373e-5",
        "4, 0.99999998458274209972, 1.5417257900280018852e-8",
        "5.75, 0.99999999999999957679, 4.2321366174257376259e-16",
        "8, 1.0, 1.122429717298292708e-29",
        "20, 1.0, 5.3958656116079009289e-176"})
    void agreesWithKnownDigits(double x, double erf, double erfc) {
        assertThat(Erf.erf(x)).isCloseTo(erf, within(1e-15 + 1e-14 * Math.abs(erf)));
        assertThat(Erf.erf(-x)).isEqualTo(-Erf.erf(x));
        assertThat(Erf.erfc(x)).isCloseTo(erfc, Percentage.withPercentage(1e-10));
        assertThat(Erf.erfc(-x)).isCloseTo(1 + erf, within(4e-16));
    }

    @Test
    void normalDistribution() {
        assertThat(Erf.normalCdf(0)).isEqualTo(0.5);
        assertThat(Erf.normalCdf(1.9599639845400542)).isCloseTo(0.975, within(1e-15));
        assertThat(Erf.normalCdf(-6.3613409024040562)).isCloseTo(1e-10, Percentage.withPercentage(1e-10));
        assertThat(Erf.normalDensity(0)).isCloseTo(0.39894228040143268, within(1e-16));
        assertThat(Erf.normalDensity(-1)).isCloseTo(0.24197072451914335, within(1e-16));
    }
}
