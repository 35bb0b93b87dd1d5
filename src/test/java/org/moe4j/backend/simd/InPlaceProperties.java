package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

import org.assertj.core.data.Offset;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Products whose left operand is read where it lies have the bits of products that pack it. */
class InPlaceProperties {
    private static final int BEYOND = 3; // values between the rows of A: distances that no other test has

    @Property(tries = 60)
    void rows(@ForAll @IntRange(min = 1, max = 300) int m, @ForAll @IntRange(min = 1, max = 4) int panels, @ForAll @IntRange(max = 700) int k,
            @ForAll boolean tb, @ForAll boolean add, @ForAll long seed) {
        check(tb, m, panels * Tiles.PANEL, k, add, seed);
    }

    private void check(boolean tb, int m, int n, int k, boolean add, long seed) {
        Random random = new Random(seed);
        int lda = k + BEYOND;
        float[] a = normal(random, (m - 1) * lda + k); // ends with its last value: a tile that reads beyond it fails
        float[] b = normal(random, k * n);
        float[] packed = normal(random, m * n);
        float[] inPlace = packed.clone();
        float[] c = packed.clone();
        try (Team team = new Team(2)) {
            Sgemm.multiply(team, false, tb, m, n, k, a, 0, lda, b, 0, tb ? k : n, packed, 0, n, add, TaskEpilogue.NONE);
            InPlace.now(lda);
            Sgemm.multiply(team, false, tb, m, n, k, a, 0, lda, b, 0, tb ? k : n, inPlace, 0, n, add, TaskEpilogue.NONE);
        }
        assertThat(Arrays.equals(packed, inPlace)).as("the same bits").isTrue();
        int i = random.nextInt(m);
        int j = random.nextInt(n);
        double sum = add ? c[i * n + j] : 0;
        for (int p = 0; p < k; p++) sum += (double) a[i * lda + p] * b[tb ? j * k + p : p * n + j];
        assertThat((double) inPlace[i * n + j]).isCloseTo(sum, Offset.offset(1e-5 * (k + 1)));
    }

    private static float[] normal(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) random.nextGaussian();
        return values;
    }
}
