package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Pass;

/** What holds for every router there is, those of the tests included. */
class RouterProperties {
    @Provide
    Arbitrary<RouterSpec> routers() {
        return Arbitraries.of(SpecCatalog.ROUTERS.examples());
    }

    @Property
    void aRoutingIsWellFormed(@ForAll("routers") RouterSpec spec, @ForAll @IntRange(min = 1, max = 3) int batches,
                              @ForAll @IntRange(min = 1, max = 4) int time, @ForAll @IntRange(min = 1, max = 9) int dim, @ForAll long seed) {
        int batch = 16 * batches;                                                  // so that expert choice needn't round its capacity
        try (Tape t = Trial.tape()) {
            Router router = Trial.build(spec, dim, seed);
            Routing routing = router.route(t, Trial.normal("x", seed, batch * time, dim), Trial.training(batch, time, seed, 0));
            assertThat(routing.tokens()).isEqualTo(batch * time);
            assertThat(routing.experts()).isEqualTo(spec.experts());
            assertThat(Arrays.stream(routing.expert().toArray())).allMatch(e -> e >= -1 && e < spec.experts());
            assertThat(IntStream.range(0, routing.slots()).map(routing::tokenOf)).allMatch(token -> token >= 0 && token < batch * time);
            double[] gates = routing.gates().value().toDoubles();
            assertThat(Arrays.stream(gates)).allMatch(g -> g >= 0 && g <= 1 + 1e-12);
            assertThat(IntStream.range(0, gates.length)).allMatch(s -> routing.expert().get(s) >= 0 || gates[s] == 0);
            assertThat(Trial.live(routing)).isLessThanOrEqualTo(spec.slots(batch * time));
            assertThat(routing.losses()).allMatch(loss -> loss.value().shape().size() == 1 && Double.isFinite(loss.value().value().item()));
            if (routing.probabilities() != null) {
                for (double[] p : Trial.rows(routing.probabilities())) {
                    assertThat(Arrays.stream(p).sum()).isCloseTo(1, within(1e-12));
                }
            }
            assertThat(Trial.count(router)).isEqualTo(spec.parameters(dim));
            assertThat(t.cost().flops()).isEqualTo(spec.flops(dim, batch * time));
        }
    }

    /** Only product keys may reach an expert twice, through two heads. */
    @Property
    void noTokenIsSentTwiceToOneExpert(@ForAll("routers") RouterSpec spec, @ForAll @IntRange(min = 8, max = 12) int batch, @ForAll long seed) {
        try (Tape t = Trial.tape()) {
            Routing routing = Trial.build(spec, 5, seed).route(t, Trial.normal("x", seed, batch, 5), Trial.training(batch, 1, seed, 0));
            int heads = spec instanceof ProductKeyRouter.Spec keys ? keys.heads() : 1;
            int perHead = Math.max(1, routing.perToken() / heads);
            Set<List<Integer>> seen = new HashSet<>();
            for (int s = 0; s < routing.slots(); s++) {
                int head = routing.perToken() == 0 ? 0 : s % routing.perToken() / perHead;
                if (routing.expert().get(s) >= 0) {
                    assertThat(seen.add(List.of(routing.tokenOf(s), routing.expert().get(s), head))).isTrue();
                }
            }
        }
    }

    @Property
    void theSamePassGivesTheSameRouting(@ForAll("routers") RouterSpec spec, @ForAll long seed) {
        Pass pass = Trial.training(8, 2, seed, 7);
        double[][] gates = new double[2][];
        int[][] experts = new int[2][];
        for (int run = 0; run < 2; run++) {
            try (Tape t = Trial.tape()) {
                Routing routing = Trial.build(spec, 5, seed).route(t, Trial.normal("x", seed, 16, 5), pass);
                gates[run] = routing.gates().value().toDoubles();
                experts[run] = routing.expert().toArray();
            }
        }
        assertThat(gates[0]).isEqualTo(gates[1]);
        assertThat(experts[0]).isEqualTo(experts[1]);
    }

    @Property
    void theSlotsByTokenAreTheSameSlots(@ForAll("routers") RouterSpec spec, @ForAll long seed) {
        try (Tape t = Trial.tape()) {
            Routing routing = Trial.build(spec, 5, seed).route(t, Trial.normal("x", seed, 16, 5), Trial.training(8, 2, seed, 0));
            Routing byToken = routing.byToken(t);
            assertThat(byToken.perToken()).isPositive();
            assertThat(Trial.live(byToken)).isEqualTo(Trial.live(routing));
            assertThat(Trial.gates(byToken)).isDeepEqualTo(Trial.gates(routing));
        }
    }

    /** Row r of the dispatch is slot slots[r], whose row is r; experts ascend, and tokens do within an expert. */
    @Property
    void theDispatchIsASortOfTheSlots(@ForAll("routers") RouterSpec spec, @ForAll long seed) {
        try (Tape t = Trial.tape()) {
            Routing routing = Trial.build(spec, 5, seed).route(t, Trial.normal("x", seed, 16, 5), Trial.training(8, 2, seed, 0)).byToken(t);
            Dispatch d = Dispatch.of(t, routing);
            assertThat(d.tokens().length()).isEqualTo((int) Trial.live(routing));
            assertThat(Arrays.stream(d.rows().toArray()).filter(row -> row >= 0)).doesNotHaveDuplicates();
            for (int e = 0; e < spec.experts(); e++) {
                for (int row = d.starts().get(e); row < d.starts().get(e + 1); row++) {
                    assertThat(routing.expert().get(d.slots().get(row))).isEqualTo(e);
                    assertThat(routing.tokenOf(d.slots().get(row))).isEqualTo(d.tokens().get(row));
                    assertThat(d.rows().get(d.slots().get(row))).isEqualTo(row);
                    assertThat(row == d.starts().get(e) || d.tokens().get(row - 1) <= d.tokens().get(row)).isTrue();
                }
            }
        }
    }

    @Property
    void gatesOfATokenSumToOneWhereTheyShould(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int experts,
                                              @ForAll @IntRange(min = 1, max = 9) int topK) {
        int k = Math.min(topK, experts);
        for (RouterSpec spec : List.of(new TopKRouter.Spec(experts, k), new NoisyTopKRouter.Spec(experts, k), capacity(experts, k, 1, CapacityDialect.MESH),
            capacity(experts, k, 2, CapacityDialect.ST_MOE), capacity(experts, k, 100, CapacityDialect.TUTEL), capacity(experts, k, 0.5, CapacityDialect.DEEPSPEED))) {
            try (Tape t = Trial.tape()) {
                Routing routing = Trial.build(spec, 4, seed).route(t, Trial.normal("x", seed, 12, 4), Trial.training(3, 4, seed, 0));
                double[][] gates = Trial.gates(routing);
                for (int token = 0; token < 12; token++) {
                    int from = token * k;
                    boolean any = Arrays.stream(routing.expert().toArray(), from, from + k).anyMatch(e -> e >= 0);
                    boolean all = Arrays.stream(routing.expert().toArray(), from, from + k).allMatch(e -> e >= 0);
                    boolean renormalised = spec instanceof CapacityRouter.Spec c && c.dialect() == CapacityDialect.DEEPSPEED ? any : all;
                    if (renormalised && (k > 1 || !(spec instanceof CapacityRouter.Spec))) {
                        assertThat(Arrays.stream(gates[token]).sum()).isCloseTo(1, within(1e-8));
                    }
                }
            }
        }
    }

    private static CapacityRouter.Spec capacity(int experts, int topK, double factor, CapacityDialect dialect) {
        return new CapacityRouter.Spec(experts, topK, factor, 1, dialect, SecondPolicy.ALL, 0.2, false, true, 0.01, 0.001);
    }

    /** softmax of the k largest logits is the renormalised top k of the softmax (Mixtral's card, identity B). */
    @Property
    void topKThenSoftmaxIsSoftmaxThenTopK(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int experts, @ForAll @IntRange(min = 1, max = 12) int topK) {
        int k = Math.min(topK, experts);
        try (Tape t = Trial.tape()) {
            Variable logits = Trial.normal("logits", seed, 7, experts);
            Routing routing = TopKRouter.gate(t, logits, null, new TopKRouter.Spec(experts, k));
            assertThat(routing.expert().toArray()).isEqualTo(t.topK(logits, k).indices().toArray());
            double[] other = t.softmax(t.topK(logits, k).values()).value().toDoubles();
            double[] gates = routing.gates().value().toDoubles();
            for (int s = 0; s < other.length; s++) {
                assertThat(gates[s]).isCloseTo(other[s], within(1e-12));
            }
        }
    }
}
