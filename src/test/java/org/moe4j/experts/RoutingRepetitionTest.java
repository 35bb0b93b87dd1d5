package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Tape;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

class RoutingRepetitionTest {
    /** Mixtral's card: 12.5 % and 1 - (6/8)(5/7) = 46.4 % for two of eight; all of it where two choices have to meet. */
    @Test
    void whatRandomRoutingGives() {
        assertThat(RoutingRepetition.expected(8, 1)).isEqualTo(0.125);
        assertThat(RoutingRepetition.expected(8, 2)).isCloseTo(1 - 6.0 / 8 * 5 / 7, within(1e-12)).isCloseTo(0.464, within(5e-4));
        assertThat(RoutingRepetition.expected(64, 8)).isCloseTo(1 - 56.0 / 64 * 55 / 63 * 54 / 62 * 53 / 61 * 52 / 60 * 51 / 59 * 50 / 58 * 49 / 57, within(1e-12));
        assertThat(RoutingRepetition.expected(3, 2)).isEqualTo(1);
    }

    @Test
    void randomRoutingIsMeasuredAsThat() {
        int tokens = 20_000;
        try (Tape t = Trial.tape()) {
            Routing routing = TopKRouter.gate(t, Trial.normal("logits", 4, 2 * tokens, 8), null, new TopKRouter.Spec(8, 2));
            RoutingRepetition r = new RoutingRepetition(8);
            r.add(routing, 0, 5);
            assertThat(r.first()).isCloseTo(0.125, within(0.005));
            assertThat(r.any()).isCloseTo(0.464, within(0.005));
            assertThat(r.domains()).containsExactly(0, 5);
            assertThat(r.first(0)).isCloseTo(0.125, within(0.008));
            assertThat(r.any(5)).isCloseTo(0.464, within(0.008));
        }
    }

    /** Two sequences of four tokens; the first choice is the one of the larger gate, a dropped slot is no choice. */
    @Test
    void countedByHand() {
        int[] expert = {0, 1, /**/ 1, 0, /**/ 2, 1, /**/ 2, -1, /*|*/ 2, 3, /**/ 0, 3, /**/ -1, -1, /**/ 0, 3};
        double[] gates = {0.6, 0.4, 0.3, 0.7, 0.8, 0.2, 1, 0, /*|*/ 0.5, 0.5, 0.1, 0.9, 0, 0, 0.9, 0.1};
        try (Tape t = Trial.tape()) {
            Routing routing = Routing.tokenChoice(4, 2, expert, t.constant(Shape.of(8, 2), gates), null, 3, List.of());
            RoutingRepetition r = new RoutingRepetition(4);
            r.add(routing, 7, 9);
            assertThat(r.first(7)).isCloseTo(2 / 3.0, within(1e-12));             // 0 0, 0 2, 2 2
            assertThat(r.any(7)).isEqualTo(1);
            assertThat(r.first(9)).isEqualTo(0);                                  // 2 3, 3 none, none 0
            assertThat(r.any(9)).isCloseTo(1 / 3.0, within(1e-12));               // 3 is shared once; behind the token without expert nothing is
            assertThat(r.first()).isCloseTo(2 / 6.0, within(1e-12));
            assertThat(r.any()).isCloseTo(4 / 6.0, within(1e-12));
            r.add(routing, 7, 7);                                                 // the end of a batch is no neighbour of the next
            assertThat(r.any(7)).isCloseTo(7 / 9.0, within(1e-12));
        }
    }

    @Test
    void theOrderOfSlotsDoesNotCount() {
        try (Tape t = Trial.tape()) {
            Routing routing = new Routing(2, 3, 0, new int[] {1, 0, 1}, IntStorage.of(2, 2, 0), t.constant(Shape.of(3), 0.2, 0.3, 0.9), null, 0, List.of());
            RoutingRepetition r = new RoutingRepetition(3);
            r.add(routing, 0);
            assertThat(r.first()).isEqualTo(0);
            assertThat(r.any()).isEqualTo(1);
        }
    }
}
