package org.moe4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.tensor.Shape;

class LayoutTest {
    private static final Layout CUBE = new GoldenTensor("w", Shape.of(2, 3, 4), 100, false).layout();

    @Test
    void placesCountFromTheTensorsOffset() {
        assertThat(CUBE.places()).startsWith(100, 101).endsWith(123).hasSize(24);
    }

    @Test
    void permuteMovesEveryEntry() {
        Layout moved = CUBE.permute(2, 0, 1);
        assertThat(moved.shape()).isEqualTo(Shape.of(4, 2, 3));
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 3; j++) {
                for (int k = 0; k < 4; k++) {
                    assertThat(moved.places()[(k * 2 + i) * 3 + j]).isEqualTo(100 + (i * 3 + j) * 4 + k);
                }
            }
        }
    }

    @Test
    void rowsAreCutFromTheFirstAxis() {
        assertThat(CUBE.row(1).shape()).isEqualTo(Shape.of(3, 4));
        assertThat(CUBE.row(1).places()).startsWith(112).endsWith(123);
        assertThat(CUBE.row(1).rows(1, 3).places()).startsWith(116).endsWith(123).hasSize(8);
        assertThat(CUBE.row(0).transpose().places()).startsWith(100, 104, 108, 101);
    }

    @Test
    void stackAndConcatPutPartsTogether() {
        Layout a = CUBE.row(0);
        Layout b = CUBE.row(1);
        assertThat(Layout.stack(List.of(a, b))).satisfies(s -> {
            assertThat(s.shape()).isEqualTo(CUBE.shape());
            assertThat(s.places()).containsExactly(CUBE.places());
        });
        assertThat(Layout.concat(List.of(b, a)).shape()).isEqualTo(Shape.of(6, 4));
        assertThat(Layout.concat(List.of(b, a)).places()).startsWith(112).endsWith(111);
    }
}
