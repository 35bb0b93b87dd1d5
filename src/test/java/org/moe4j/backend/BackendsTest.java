package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.io.InputException;

class BackendsTest {
    @ParameterizedTest
    @CsvSource({"auto, simd, 4", "simd, simd, 4", "reference, reference, 8", "dry, dry, 4"})
    void opensByName(String name, String opened, int bytes) {
        try (Backend on = Backends.open(name, 2)) {
            assertThat(on.name()).isEqualTo(opened);
            assertThat(on.bytesPerValue()).isEqualTo(bytes);
        }
    }

    @Test
    void unknownNamesAreRefusedWithTheChoices() {
        assertThatThrownBy(() -> Backends.open("smid", 1)).isInstanceOf(InputException.class)
                .hasMessageContaining("'smid'").hasMessageContaining("did you mean 'simd'").hasMessageContaining("auto, reference, simd, cuda, dry");
    }

    @Test
    void atLeastOneThread() {
        assertThatThrownBy(() -> Backends.open("simd", 0)).isInstanceOf(InputException.class).hasMessageContaining("threads is 0");
        assertThatThrownBy(() -> Backends.open("simd", 100_000)).isInstanceOf(InputException.class)
            .hasMessage("threads is 100000: a back end computes on 1 to 1024");
    }
}
