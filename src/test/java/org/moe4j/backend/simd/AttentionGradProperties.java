package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;

/** Sequences long enough for their keys to be cut into ranges; the conformance suite has the short ones. */
class AttentionGradProperties {
    private static final int WIDTH = 5;

    @Property(tries = 12, seed = "1")
    void longSequencesHaveTheReferencesGradientsAndTheSameBitsOnAnyTeam(@ForAll @IntRange(min = 1024, max = 1700) int queries,
            @ForAll @IntRange(min = 1024, max = 1700) int others, @ForAll boolean causal, @ForAll boolean biased, @ForAll boolean capped,
            @ForAll @IntRange(min = 1, max = 2) int keyHeads, @ForAll @IntRange(min = 1, max = 3) int group, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(1, queries, causal ? queries : others, keyHeads * group, keyHeads, WIDTH, 0.4, causal, capped ? 2 : 0);
        List<double[]> expected = gradients(new ReferenceBackend(), shape, biased, seed, -1);
        List<double[]> one = gradients(new SimdBackend(1), shape, biased, seed, -1);
        for (int i = 0; i < expected.size(); i++) {
            double scale = 1e-3 + max(expected.get(i));
            for (int j = 0; j < expected.get(i).length; j++) {
                assertThat(one.get(i)[j]).isCloseTo(expected.get(i)[j], within(2e-5 * scale));
            }
        }
        for (int threads : new int[] {2, 3}) {
            List<double[]> more = gradients(new SimdBackend(threads), shape, biased, seed, -1);
            for (int i = 0; i < one.size(); i++) {
                assertThat(more.get(i)).isEqualTo(one.get(i));
            }
        }
    }

    @Property(tries = 5, seed = "1")
    void queriesBeforeAKeyThatIsNoNumberKeepTheirGradients(@ForAll @IntRange(min = 1, max = 1500) int broken, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(1, 1501, 2, 1, WIDTH, 0.4);
        double[] dq = gradients(new SimdBackend(2), shape, false, seed, broken).getFirst();
        for (int i = 0; i < broken * 2 * WIDTH; i++) {
            assertThat(dq[i]).isFinite();
        }
        assertThat(dq[broken * 2 * WIDTH]).isNaN();
    }

    /** Of q, k, v and the bias, on top of values that are there.
     *
     *  @param broken the key that is NaN, or below 0 for none */
    private static List<double[]> gradients(Backend on, AttentionShape shape, boolean biased, long seed, int broken) {
        try (on) {
            long queryValues = (long) shape.queries() * shape.heads() * WIDTH;
            long keyValues = (long) shape.keys() * shape.keyHeads() * WIDTH;
            long biases = (long) shape.heads() * shape.distances();
            Storage q = random(on, seed, queryValues);
            Storage k = random(on, seed + 1, keyValues);
            Storage v = random(on, seed + 2, keyValues);
            Storage bias = biased ? random(on, seed + 3, biases) : null;
            if (broken >= 0) {
                k.set((long) broken * shape.keyHeads() * WIDTH, Double.NaN);
            }
            Storage y = on.allocate(queryValues);
            Storage lse = on.allocate((long) shape.heads() * shape.queries());
            on.attention(shape, q, k, v, bias, y, lse);
            List<Storage> gradients = new ArrayList<>(List.of(random(on, seed + 4, queryValues), random(on, seed + 5, keyValues), random(on, seed + 6, keyValues)));
            Storage dbias = biased ? random(on, seed + 7, biases) : null;
            on.attentionGrad(shape, q, k, v, bias, y, lse, random(on, seed + 8, queryValues), gradients.get(0), gradients.get(1), gradients.get(2), dbias);
            if (biased) {
                gradients.add(dbias);
            }
            return gradients.stream().map(g -> {
                double[] values = new double[Math.toIntExact(g.size())];
                for (int i = 0; i < values.length; i++) values[i] = g.get(i);
                return values;
            }).toList();
        }
    }

    private static Storage random(Backend on, long seed, long size) {
        Storage x = on.allocate(size);
        on.uniform(CounterRandom.of(seed, "values"), -1, 1, x);
        return x;
    }

    private static double max(double[] x) {
        double most = 0;
        for (double value : x) most = Math.max(most, Math.abs(value));
        return most;
    }
}
