package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** Adam on rows of a bfloat16 table without noise (bfloat16_nearest): weight and moments are rounded to the nearest, of two equally near ones to the even. */
class NearestRoundingTest {
    private static final float ULP = 0x1p-7f;                                     // of bfloat16 from 1 to 2
    private static final int ROW = 3;
    /** Rates of one half, so that all that follows is exact before it is rounded. */
    private static final AdamStep STEP = new AdamStep(ULP / 2, 0.5, 0.5, 0, 1, 1, 0);

    /**
     * Behind 1, in units in the last place: weight and moments before the step and after it. The weight falls by half a unit, times m / sqrt v;
     * with a gradient of 1 the moments go half their way to it.
     */
    @ParameterizedTest
    @CsvSource({"1, 0, 0, 0, 0, 0", "3, 0, 0, 2, 0, 0", "5, 0, 0, 4, 0, 0", "0, 1, 1, 0, 0, 0", "0, 3, 3, 0, 2, 2", "0, 5, 5, 0, 2, 2", "0, 7, 7, 0, 4, 4"})
    void tiesGoToTheEven(float p, float m, float v, float pAfter, float mAfter, float vAfter) {
        for (String name : new String[] {"reference", "simd"}) {
            for (int width : new int[] {1, 15, 16, 33, 256}) {                    // vectors and what is left of them
                try (Backend on = Backends.open(name, 1)) {
                    Storage[] table = new Storage[3];
                    float[] before = {p, m, v};
                    for (int i = 0; i < 3; i++) {
                        table[i] = on.allocate(5L * width, ValueType.BFLOAT16);
                        on.fill(table[i], 1 + before[i] * ULP);
                    }
                    Storage g = on.allocate(width);
                    on.fill(g, 1);
                    on.adamRows(STEP, IntStorage.of(new int[] {ROW}), width, table[0], g, table[1], table[2]);
                    for (int i = 0; i < width; i++) {
                        long at = (long) ROW * width + i;
                        if (m == 0) assertThat(table[0].get(at)).as("%s: weight %d of %d", name, i, width).isEqualTo(1 + pAfter * ULP);
                        assertThat(table[1].get(at)).as("%s: m %d of %d", name, i, width).isEqualTo(1 + mAfter * ULP);
                        assertThat(table[2].get(at)).as("%s: v %d of %d", name, i, width).isEqualTo(1 + vAfter * ULP);
                    }
                    assertThat(table[1].get((ROW + 1L) * width)).as("other rows").isEqualTo(1 + m * ULP);
                }
            }
        }
    }
}
