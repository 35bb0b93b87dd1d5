package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Tape;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

class RoutingStatisticsTest {
    /** Three tokens, four experts; token 2 lost its first choice to capacity and its second has gate 0. */
    private static Routing example(Tape t) {
        int[] expert = {0, 1, 0, 3, -1, 1};
        return Routing.tokenChoice(4, 2, expert, t.constant(Shape.of(3, 2), 0.75, 0.25, 0.5, 0.5, 0, 0), null, 1, List.of());
    }

    @Test
    void countsWhatHappened() {
        try (Tape t = Trial.tape()) {
            RoutingStatistics s = RoutingStatistics.of(example(t));
            assertThat(s.load()).containsExactly(2, 2, 0, 1);
            assertThat(s.importance()).containsExactly(1.25, 0.25, 0, 0.5);
            assertThat(s.dropped()).isEqualTo(1);
            assertThat(s.droppedShare()).isCloseTo(1 / 6.0, within(1e-12));
            assertThat(s.unusedExperts()).isEqualTo(1);
            assertThat(s.usagePercent()).isEqualTo(75);
            assertThat(s.unroutedTokens()).isZero();
            assertThat(s.maxOverMeanLoad()).isCloseTo(2 / 1.25, within(1e-12));
            // loads 2 2 0 1: mean 1.25, variance (0.75² + 0.75² + 1.25² + 0.25²) / 4
            assertThat(s.loadVariation()).isCloseTo(Math.sqrt((2 * 0.5625 + 1.5625 + 0.0625) / 4) / 1.25, within(1e-12));
            // z = (0.625, 0.125, 0, 0.25)
            double unevenness = Math.log(4) + 0.625 * Math.log(0.625) + 0.125 * Math.log(0.125) + 0.25 * Math.log(0.25);
            assertThat(s.unevenness()).isCloseTo(unevenness, within(1e-12));
            // tokens: (0.75, 0.25), (0.5, 0.5), nothing
            double entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25) + Math.log(2);
            assertThat(s.meanEntropy()).isCloseTo(entropy / 3, within(1e-12));
        }
    }

    @Test
    void addingIsCountingBoth() {
        try (Tape t = Trial.tape()) {
            Routing a = example(t);
            Routing b = Routing.tokenChoice(4, 1, new int[] {2, -1}, t.constant(Shape.of(2, 1), 1, 0), null, 1, List.of());
            RoutingStatistics sum = RoutingStatistics.of(a);
            sum.add(RoutingStatistics.of(b));
            RoutingStatistics both = new RoutingStatistics(4);
            both.add(b);
            both.add(a);
            assertThat(sum.load()).isEqualTo(both.load()).containsExactly(2, 2, 1, 1);
            assertThat(sum.importance()).containsExactly(1.25, 0.25, 1, 0.5);
            assertThat(sum.tokens()).isEqualTo(5);
            assertThat(sum.dropped()).isEqualTo(2);
            assertThat(sum.unroutedTokens()).isEqualTo(both.unroutedTokens()).isEqualTo(1);
            assertThat(sum.meanEntropy()).isCloseTo(both.meanEntropy(), within(1e-12));
            sum.clear();
            assertThat(sum.tokens() + sum.dropped() + sum.load()[0]).isZero();
        }
    }

    @Test
    void evenRoutingHasNoUnevenness() {
        try (Tape t = Trial.tape()) {
            RoutingStatistics s = RoutingStatistics.of(Routing.tokenChoice(3, 1, new int[] {2, 0, 1}, t.filled(Shape.of(3, 1), 0.7),
                t.filled(Shape.of(3, 3), 1 / 3.0), 0, List.of()));
            assertThat(s.unevenness()).isCloseTo(0, within(1e-12));
            assertThat(s.maxOverMeanLoad()).isEqualTo(1);
            assertThat(s.loadVariation()).isZero();
            assertThat(s.meanEntropy()).isCloseTo(Math.log(3), within(1e-12));
        }
    }

    @Test
    void everyRouterHasStatistics() {
        for (RouterSpec spec : SpecCatalog.ROUTERS.examples()) {
            try (Tape t = Trial.tape()) {
                Routing routing = Trial.build(spec, 5, 1).route(t, Trial.normal("x", 2, 32, 5), Trial.training(16, 2, 3, 0));
                RoutingStatistics s = RoutingStatistics.of(routing);
                assertThat(Arrays.stream(s.load()).sum()).as("load of %s", spec).isEqualTo(Trial.live(routing));
                assertThat(s.meanEntropy()).as("entropy of %s", spec).isBetween(0.0, Math.log(spec.experts()) + 1e-9);
                assertThat(s.unevenness()).as("unevenness of %s", spec).isBetween(-1e-9, Math.log(spec.experts()));
                assertThat(s.usagePercent()).as("usage of %s", spec).isBetween(1.0, 100.0);
            }
        }
    }

    /** Even draws are uneven by chance, the less so the more there are. */
    @Test
    void unevennessOfChanceIsThatOfEvenDraws() {
        int experts = 50;
        for (int tokens : new int[] {500, 4000}) {
            double sum = 0;
            double expected = 0;
            for (int trial = 0; trial < 40; trial++) {
                CounterRandom random = CounterRandom.of(trial, "draws");
                int[] expert = new int[tokens];
                Arrays.setAll(expert, i -> random.below(i, experts));
                try (Tape t = Trial.tape()) {
                    RoutingStatistics drawn = RoutingStatistics.of(Routing.tokenChoice(experts, 1, expert, t.filled(Shape.of(tokens, 1), 0.5), null, 0, List.of()));
                    sum += drawn.unevenness() / 40;
                    expected = drawn.unevennessOfChance();
                    assertThat(drawn.lookUpsPerExpert()).isEqualTo((double) tokens / experts);
                }
            }
            assertThat(expected).isEqualTo(49.0 / (2 * tokens));
            assertThat(sum).isCloseTo(expected, within(0.15 * expected));
        }
    }
}
