package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

class RandomRouterTest {
    private static final int DIM = 3;
    private static final int VOCABULARY = 1000;

    private static RandomRouter router(String layer, Integer... groups) {
        return (RandomRouter) new RandomRouter.Spec(List.of(groups)).build(DIM, new Init(Trial.ON, 3, layer));
    }

    private static int[] experts(RandomRouter router, int domain) {
        return IntStream.range(0, VOCABULARY).map(token -> router.expert(domain, token)).toArray();
    }

    @Test
    void aTokenGoesToTheExpertOfItsIdInTheGroupOfItsDomain() {
        RandomRouter router = router("layer", 3, 1, 5);
        int[] tokens = {7, 8, 7, 7, 8, 9};
        try (Tape t = Trial.tape()) {
            Routing routing = router.route(t, Trial.normal("x", 1, 6, DIM), Pass.training(3, 2, 1, 0).withDomains(2, 0, 1).withTokens(tokens));
            int[] expected = {router.expert(2, 7), router.expert(2, 8), router.expert(0, 7), router.expert(0, 7), 3, 3};
            assertThat(routing.expert().toArray()).isEqualTo(expected);
            assertThat(routing.gates().value().toDoubles()).containsOnly(1);
            assertThat(routing.losses()).isEmpty();
            assertThat(routing.dropped()).isZero();
        }
    }

    @Test
    void everyExpertOfAGroupIsReachedAndNoOther() {
        RandomRouter router = router("layer", 3, 1, 5);
        assertThat(Arrays.stream(experts(router, 0)).distinct().sorted()).containsExactly(0, 1, 2);
        assertThat(Arrays.stream(experts(router, 1)).distinct()).containsExactly(3);
        assertThat(Arrays.stream(experts(router, 2)).distinct().sorted()).containsExactly(4, 5, 6, 7, 8);
    }

    @Test
    void aSingleGroupServesAllDomains() {
        RandomRouter router = router("layer", 4);
        assertThat(experts(router, 7)).isEqualTo(experts(router, 0));
        try (Tape t = Trial.tape()) {
            int[] expert = router.route(t, Trial.normal("x", 1, 2, DIM), Pass.evaluation(2, 1).withDomains(0, 9).withTokens(5, 5)).expert().toArray();
            assertThat(expert).containsExactly(router.expert(0, 5), router.expert(0, 5));
        }
    }

    /** Equal maps would agree everywhere, independent ones in a quarter of the places: 250 of 1000, deviation 13.7. */
    @Test
    void layersAndDomainsHaveIndependentMaps() {
        int[] one = experts(router("blocks.0", 4, 4), 0);
        assertThat(experts(router("blocks.0", 4, 4), 0)).isEqualTo(one);
        int[] otherLayer = experts(router("blocks.1", 4, 4), 0);
        int[] otherDomain = Arrays.stream(experts(router("blocks.0", 4, 4), 1)).map(e -> e - 4).toArray();
        for (int[] other : List.of(otherLayer, otherDomain)) {
            assertThat(IntStream.range(0, VOCABULARY).filter(i -> one[i] == other[i]).count()).isBetween(180L, 320L);
        }
    }

    /** Float32 holds the keys exactly: the map is the same on every back end, and written with the weights. */
    @Test
    void theMapIsTheSameOnEveryBackEndAndGoesWithItsBuffer() {
        RandomRouter.Spec spec = new RandomRouter.Spec(List.of(50, 60));
        RandomRouter here = (RandomRouter) spec.build(DIM, new Init(Trial.ON, 3));
        try (Backend simd = new SimdBackend(1)) {
            RandomRouter there = (RandomRouter) spec.build(DIM, new Init(simd, 4));
            assertThat(experts(there, 1)).isNotEqualTo(experts(here, 1));
            there.parameters().getFirst().data().write(0, here.parameters().getFirst().value().toDoubles());
            assertThat(experts(there, 1)).isEqualTo(experts(here, 1));
        }
    }

    /** Words come by Zipf's law, the k-th at a rate of 1/k; what is foretold from the rates is what comes. */
    @Test
    void theLoadIsForetoldByTheFrequenciesOfTheTokens() {
        RandomRouter router = router("layer", 8, 8);
        double[] share = {0.7, 0.3};
        double harmonic = IntStream.rangeClosed(1, VOCABULARY).mapToDouble(k -> 1.0 / k).sum();
        double[][] frequencies = new double[2][VOCABULARY];
        for (int domain = 0; domain < 2; domain++) {
            for (int k = 1; k <= VOCABULARY; k++) {
                frequencies[domain][domain == 0 ? k - 1 : VOCABULARY - k] = share[domain] / k / harmonic;
            }
        }
        double[] expected = router.expectedLoad(frequencies);
        int sequences = 2000;
        int time = 10;
        CounterRandom draws = CounterRandom.of(1, "text");
        int[] domains = IntStream.range(0, sequences).map(s -> draws.uniform(s) < share[0] ? 0 : 1).toArray();
        int[] tokens = IntStream.range(0, sequences * time).map(i -> drawn(frequencies[domains[i / time]], draws.uniform(sequences + i) * share[domains[i / time]])).toArray();
        try (Tape t = Trial.tape()) {
            Pass pass = Pass.evaluation(sequences, time).withDomains(domains).withTokens(tokens);
            RoutingStatistics measured = RoutingStatistics.of(router.route(t, t.filled(Shape.of(tokens.length, 1), 0), pass));
            double[] load = Arrays.stream(measured.load()).mapToDouble(n -> n).toArray();
            assertThat(Arrays.stream(expected).sum()).isCloseTo(1, org.assertj.core.api.Assertions.within(1e-12));
            assertThat(correlation(expected, load)).isGreaterThan(0.99);
            assertThat(measured.maxOverMeanLoad()).as("Zipf's law is not even").isGreaterThan(1.3);
        }
    }

    private static int drawn(double[] frequencies, double at) {
        int token = 0;
        for (double sum = frequencies[0]; sum <= at && token < frequencies.length - 1; sum += frequencies[token]) {
            token++;
        }
        return token;
    }

    private static double correlation(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Test
    void groupsKeepTheirSharesWhenTheExpertsBecomeOthers() {
        RandomRouter.Spec spec = new RandomRouter.Spec(List.of(10, 20, 30));
        assertThat(spec.withExperts(60, 1)).isEqualTo(spec);
        assertThat(spec.withExperts(12, 1).groups()).containsExactly(2, 4, 6);
        assertThat(spec.atMost(2).groups()).containsExactly(1, 1, 1);
        assertThat(RandomRouter.Spec.equal(640, 4).groups()).containsExactly(160, 160, 160, 160);
        assertThat(spec.parameters(99)).isZero();
        assertThat(spec.flops(99, 99)).isZero();
    }

    @Test
    void mistakesAreOneSentence() {
        RandomRouter router = router("layer", 2, 2);
        try (Tape t = Trial.tape()) {
            Pass pass = Pass.evaluation(1, 1).withTokens(5);
            var x = Trial.normal("x", 1, 1, DIM);
            assertThatThrownBy(() -> router.route(t, x, pass)).isInstanceOf(InputException.class)
                .hasMessage("the random router has 2 groups of experts, one for each domain, and is not told the domains of its sequences");
            assertThatThrownBy(() -> router.route(t, x, pass.withDomains(2))).isInstanceOf(InputException.class)
                .hasMessage("domain 2 has no experts: the random router has 2 groups, for domains 0 to 1");
            assertThatThrownBy(() -> router.route(t, x, Pass.evaluation(1, 1).withDomains(0))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token ids");
        }
        assertThatThrownBy(() -> new RandomRouter.Spec(List.of())).isInstanceOf(InputException.class)
            .hasMessage("groups is empty; a random router wants at least one group of experts");
        assertThatThrownBy(() -> new RandomRouter.Spec(List.of(4, 0))).isInstanceOf(InputException.class)
            .hasMessage("groups[1] is 0, it has to be at least 1");
        assertThatThrownBy(() -> RandomRouter.Spec.equal(10, 4)).isInstanceOf(InputException.class)
            .hasMessage("experts is 10, which 4 domains do not share equally");
        assertThatThrownBy(() -> new RandomRouter.Spec().withExperts(8, 2)).isInstanceOf(InputException.class)
            .hasMessage("perToken is 2, random routing wants 1");
        assertThatThrownBy(() -> new RandomRouter.Spec(List.of(1, 1)).withExperts(1, 1)).isInstanceOf(InputException.class)
            .hasMessage("experts is 1, fewer than the 2 groups of the random router");
    }
}
