package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

/** Buffers of limited capacity: never more than they hold, nothing lost without being counted. */
class CapacityProperties {
    @Property
    void noBufferHoldsMoreThanItsCapacityAndEveryDroppedChoiceIsCounted(
            @ForAll CapacityDialect dialect, @ForAll SecondPolicy second, @ForAll boolean prioritised, @ForAll @IntRange(min = 2, max = 6) int experts,
            @ForAll @DoubleRange(min = 0.1, max = 3) double factor, @ForAll @IntRange(min = 1, max = 3) int minimum, @ForAll long seed) {
        int batch = 3;
        int time = 5;
        CapacityRouter.Spec spec = new CapacityRouter.Spec(experts, 2, factor, minimum, dialect, second, 0.8, prioritised, true, 0.01, 0);
        int groupSize = dialect.groupSize(batch, time);
        try (Tape t = Trial.tape()) {
            Variable logits = Trial.normal("logits", seed, batch * time, experts);
            CounterRandom random = new CounterRandom(seed);
            double[] uniform = IntStream.range(0, batch * time * experts).mapToDouble(random::uniform).toArray();
            CapacityRouter.Gated gated = CapacityRouter.gate(t, logits, uniform, groupSize, spec);
            int[][] held = new int[batch * time / groupSize][experts];
            int kept = 0;
            int wanted = 0;
            for (int choice = 0; choice < gated.chosen().length; choice++) {
                wanted += gated.wanted()[choice] ? 1 : 0;
                if (gated.queue().kept(choice)) {
                    assertThat(gated.wanted()[choice]).isTrue();
                    held[choice / 2 / groupSize][gated.chosen()[choice]]++;
                    kept++;
                }
            }
            assertThat(gated.kept().toArray()).isEqualTo(gated.queue().keptOf(gated.chosen()));
            int capacity = gated.queue().capacity();
            assertThat(capacity).isGreaterThanOrEqualTo(minimum);
            for (int[] group : held) {
                assertThat(Arrays.stream(group)).allMatch(n -> n <= capacity);
            }
            Routing routing = gated.routing(List.of());
            assertThat(kept + routing.dropped()).isEqualTo(wanted);
            assertThat(Trial.live(routing)).isEqualTo(kept);
            double[] gates = gated.gates().value().toDoubles();
            for (int choice = 0; choice < gates.length; choice++) {
                assertThat(gates[choice] > 0).isEqualTo(gated.queue().kept(choice));
            }
        }
    }

    /** A token drops out only if its buffer is full of others. */
    @Property
    void aDroppedChoiceFoundItsBufferFull(@ForAll CapacityDialect dialect, @ForAll @IntRange(min = 2, max = 5) int experts, @ForAll long seed) {
        if (dialect == CapacityDialect.TUTEL || dialect == CapacityDialect.DEEPSPEED) {
            return; // there second choices also queue behind first choices that were dropped
        }
        CapacityRouter.Spec spec = new CapacityRouter.Spec(experts, 2, 0.6, 1, dialect, SecondPolicy.ALL, 1, false, true, 0, 0);
        try (Tape t = Trial.tape()) {
            CapacityRouter.Gated gated = CapacityRouter.gate(t, Trial.normal("logits", seed, 12, experts), null, 12, spec);
            int[] held = new int[experts];
            IntStream.range(0, 24).filter(gated.queue()::kept).forEach(choice -> held[gated.chosen()[choice]]++);
            for (int choice = 0; choice < 24; choice++) {
                assertThat(gated.queue().kept(choice) || held[gated.chosen()[choice]] == gated.queue().capacity()).isTrue();
            }
        }
    }

    /** Three tokens whose first choice is expert 0, capacity 2, and whose second is expert 1; then one of expert 1 with second choice 0. */
    @Example
    void theDialectsDisagreeAsDocumented() {
        int[] chosen = {0, 1, 0, 1, 0, 1, 1, 0};
        CapacityQueue kept = CapacityQueue.byChoice(3, 2, 2, chosen, null, null, 4, true);
        // expert 0: 3 first choices fill it, token 3 comes as the fourth; expert 1: token 3 first, then tokens 0, 1, 2
        assertThat(kept.position()).containsExactly(0, 1, 1, 2, 2, 3, 0, 3);
        assertThat(CapacityQueue.byChoice(2, 2, 2, chosen, null, null, 4, true).position()).containsExactly(0, 1, 1, 2, 2, 3, 0, 2);
        assertThat(CapacityQueue.byChoice(2, 2, 2, chosen, null, null, 4, false).position()).containsExactly(0, 1, 1, 2, 2, 3, 0, 3);
        assertThat(CapacityQueue.byToken(2, 2, chosen).position()).containsExactly(0, 0, 1, 1, 2, 2, 3, 3);
        assertThat(CapacityQueue.byGate(2, 2, chosen, null, new double[] {.5, .3, .9, .1, .6, .2, .8, .4}).position())
            .containsExactly(-1, 0, 0, -1, 1, -1, 1, -1);
        assertThat(CapacityQueue.byChoice(2, 2, 2, chosen, null, new double[] {.1, .2, .3, .4}, 4, true).position())
            .containsExactly(2, 3, 1, 2, 0, 1, 0, 2);
    }

    /** Four tokens over two experts at factor 1: 2 each for one choice, see the Javadoc of each dialect. */
    @Example
    void capacitiesFollowTheFormulas() {
        assertThat(CapacityDialect.MESH.capacity(10, 4, 2, 1.25, 1)).isEqualTo(3);
        assertThat(CapacityDialect.MESH.capacity(10, 4, 2, 1.25, 4)).isEqualTo(4);
        assertThat(CapacityDialect.MESH.capacity(10, 2, 2, 9, 4)).isEqualTo(10);
        assertThat(CapacityDialect.TUTEL.capacity(10, 4, 2, 1.5, 1)).isEqualTo(8);
        assertThat(CapacityDialect.DEEPSPEED.capacity(10, 4, 2, 1.25, 1)).isEqualTo(7);
    }

    /** A sweep that gives a token more, finer experts leaves each choice its room, whatever the factor counts. */
    @Example
    void moreChoicesKeepTheirRoom() {
        for (CapacityDialect dialect : CapacityDialect.values()) {
            CapacityRouter.Spec two = new CapacityRouter.Spec(32, 2, 2, 1, dialect, SecondPolicy.ALL, 0.2, false, true, 0, 0);
            double factor = two.withExperts(32, 8).capacityFactor();
            assertThat(dialect.capacity(64, 32, 8, factor, 1)).isEqualTo(4 * dialect.capacity(64, 32, 2, 2, 1));
        }
    }

    /** GShard's random policy keeps a second choice with probability gate / threshold. */
    @Example
    void theRandomPolicyKeepsSecondChoicesInProportionToTheirGate() {
        CapacityRouter.Spec spec = new CapacityRouter.Spec(2, 2, 1000, 1, CapacityDialect.TUTEL, SecondPolicy.RANDOM, 0.8, false, true, 0, 0);
        int tokens = 20_000;
        try (Tape t = Trial.tape()) {
            Router router = new CapacityRouter(spec, Trial.normal("w", 1, 2, 1));
            Trial.named(router, "w").data().write(0, Math.log(3), 0);                           // gates 0.75 and 0.25
            Routing routing = router.route(t, t.filled(Shape.of(tokens, 1), 1), Pass.training(1, tokens, 3, 0));
            long seconds = IntStream.range(0, tokens).filter(i -> routing.expert().get(2 * i + 1) >= 0).count();
            assertThat(seconds / (double) tokens).isCloseTo(0.25 / 0.8, within(0.015));
            assertThat(routing.dropped()).isZero();
        }
    }

    /** The second of SAMPLING is drawn with its probability among those that aren't first. */
    @Example
    void theSamplingPolicyDrawsTheSecondByItsProbability() {
        CapacityRouter.Spec spec = new CapacityRouter.Spec(3, 2, 1000, 1, CapacityDialect.TUTEL, SecondPolicy.SAMPLING, 1, false, true, 0, 0);
        int tokens = 20_000;
        try (Tape t = Trial.tape()) {
            Router router = new CapacityRouter(spec, Trial.normal("w", 1, 3, 1));
            Trial.named(router, "w").data().write(0, Math.log(1), Math.log(6), Math.log(3));   // 0.1, 0.6, 0.3
            Routing routing = router.route(t, t.filled(Shape.of(tokens, 1), 1), Pass.training(1, tokens, 3, 0));
            long zero = IntStream.range(0, tokens).filter(i -> routing.expert().get(2 * i + 1) == 0).count();
            assertThat(IntStream.range(0, tokens)).allMatch(i -> routing.expert().get(2 * i) == 1 && routing.expert().get(2 * i + 1) != 1);
            assertThat(zero / (double) tokens).isCloseTo(0.25, within(0.015));
        }
    }
}
