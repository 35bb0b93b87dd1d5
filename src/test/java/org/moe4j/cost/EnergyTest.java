package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;

class EnergyTest {
    @Test
    void glamTook213MegawattHours() {
        assertThat(Energy.of(1024, Chip.named("tpu-v4").watts(), Energy.GLAM_PUE, 574).megawattHours()).isCloseTo(212.7, within(0.05));
    }

    /** A chip of 1e12 FLOP/s at half of it does 1.8e15 in an hour. */
    @Test
    void flopsTakeChipHours() {
        Energy energy = Energy.of(3.6e15, new Chip("slow", 500, 1e12, ""), 0.5, 1.2);
        assertThat(energy.chipHours()).isCloseTo(2, within(1e-9));
        assertThat(energy.megawattHours()).isCloseTo(2 * 500 * 1.2 / 1e6, within(1e-12));
    }

    @Test
    void everyChipIsFoundByItsNameAndSaysItsSource() {
        assertThat(Chip.KNOWN).allSatisfy(chip -> {
            assertThat(Chip.named(chip.name())).isSameAs(chip);
            assertThat(chip.source()).isNotBlank();
            assertThat(chip.peakFlops() / chip.watts()).as("FLOP/s a watt").isBetween(1e10, 1e13);
        });
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> Chip.named("tpu4")).isInstanceOf(InputException.class).hasMessageContaining("did you mean 'tpu-v4'");
        Chip chip = Chip.named("a100");
        assertThatThrownBy(() -> Energy.of(1, chip, 0, 1.1)).isInstanceOf(InputException.class).hasMessageContaining("utilisation is 0.0");
        assertThatThrownBy(() -> Energy.of(1, chip, 1.5, 1.1)).isInstanceOf(InputException.class).hasMessageContaining("utilisation is 1.5");
        assertThatThrownBy(() -> Energy.of(1, chip, 0.4, 0.9)).isInstanceOf(InputException.class).hasMessageContaining("pue is 0.9");
        assertThatThrownBy(() -> new Energy(Double.NaN, 1, 1)).isInstanceOf(InputException.class).hasMessageContaining("chip hours");
    }
}
