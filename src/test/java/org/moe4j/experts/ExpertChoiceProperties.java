package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.io.InputException;
import org.moe4j.nn.Pass;

class ExpertChoiceProperties {
    /** In every group each expert has the C tokens with its largest probabilities, and those are the gates. */
    @Property
    void everyExpertTakesItsBestTokens(@ForAll ExpertChoiceRouter.Grouping grouping, @ForAll @IntRange(min = 1, max = 3) int groupsPerBatch,
                                       @ForAll @IntRange(min = 1, max = 4) int time, @ForAll @IntRange(min = 1, max = 5) int experts, @ForAll long seed) {
        int size = 4;
        int batch = size * groupsPerBatch;
        ExpertChoiceRouter.Spec spec = new ExpertChoiceRouter.Spec(experts, 1, grouping, size);
        int capacity = spec.capacity(size);
        try (Tape t = Trial.tape()) {
            Routing routing = ExpertChoiceRouter.gate(t, Trial.normal("logits", seed, batch * time, experts), batch, time, spec);
            double[][] p = Trial.rows(routing.probabilities());
            double[][] gates = Trial.gates(routing);
            assertThat(Trial.live(routing)).isEqualTo(spec.slots(batch * time));
            for (int[] group : groups(grouping, size, batch, time)) {
                for (int e = 0; e < experts; e++) {
                    int expert = e;
                    int[] best = Arrays.stream(group).boxed().sorted(Comparator.comparingDouble(token -> -p[token][expert])).limit(capacity)
                        .mapToInt(Integer::intValue).sorted().toArray();
                    assertThat(Arrays.stream(group).filter(token -> gates[token][expert] > 0).sorted().toArray()).isEqualTo(best);
                    assertThat(Arrays.stream(best)).allMatch(token -> gates[token][expert] == p[token][expert]);
                }
            }
        }
    }

    private static int[][] groups(ExpertChoiceRouter.Grouping grouping, int size, int batch, int time) {
        return IntStream.range(0, batch * time / size).mapToObj(group -> IntStream.range(0, size).map(member -> switch (grouping) {
            case BATCH -> group * size + member;
            case POSITION -> (group / time * size + member) * time + group % time;   // sequences of one position
        }).toArray()).toArray(int[][]::new);
    }

    /** Grouped by position no token's experts depend on later tokens; grouped by batch they do. */
    @Example
    void groupingByPositionIsAutoregressive() {
        assertThat(routingOfFirstPositionChanges(ExpertChoiceRouter.Grouping.POSITION)).isFalse();
        assertThat(routingOfFirstPositionChanges(ExpertChoiceRouter.Grouping.BATCH)).isTrue();
    }

    private static boolean routingOfFirstPositionChanges(ExpertChoiceRouter.Grouping grouping) {
        int batch = 8;
        int time = 3;
        ExpertChoiceRouter.Spec spec = new ExpertChoiceRouter.Spec(4, 1, grouping, 24);
        boolean changes = false;
        for (int seed = 0; seed < 10; seed++) {
            try (Tape t = Trial.tape()) {
                Parameter logits = Trial.normal("logits", seed, batch * time, 4);
                double[][] before = Trial.gates(ExpertChoiceRouter.gate(t, logits, batch, time, spec));
                for (int row = 0; row < batch * time; row++) {
                    if (row % time > 0) {
                        logits.data().set(4L * row, logits.data().get(4L * row) + 3);
                    }
                }
                double[][] after = Trial.gates(ExpertChoiceRouter.gate(t, logits, batch, time, spec));
                for (int row = 0; row < batch * time; row += time) {
                    changes |= !Arrays.equals(before[row], after[row]);
                }
            }
        }
        return changes;
    }

    @Example
    void aBatchTooSmallForItsExpertsIsRefusedInTraining() {
        Router router = Trial.build(new ExpertChoiceRouter.Spec(8, 2, ExpertChoiceRouter.Grouping.POSITION, 256), 3, 1);
        try (Tape t = Trial.tape()) {
            Parameter x = Trial.normal("x", 1, 6, 3);
            assertThatThrownBy(() -> router.route(t, x, Pass.training(2, 3, 1, 0))).isInstanceOf(InputException.class)
                .hasMessageContaining("a group of 2 sequences is too small").hasMessageEndingWith("at least 4 would do");
            assertThat(Trial.live(router.route(t, x, Pass.evaluation(2, 3)))).isEqualTo(24);
        }
    }
}
