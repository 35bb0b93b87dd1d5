package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.cost.MemoryPlan;
import org.moe4j.io.InputException;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.train.Adam;

class DeviceRoomTest {
    /** A million single-neuron experts of width 256 are 2 GB, and Adam keeps twice that beside them: more than the emulator's 4 GB. */
    @Test
    void tablesLargerThanTheDeviceAreRefusedWithTheNumbersAndWhatWouldDo() {
        OpenedBackend.open(OpenedBackend.EMULATED, 1).close();                      // the driver that cuda finds
        long planned = MemoryPlan.of(Architecture.named("peer-1m").spec(), 1, new Adam.Spec()::stateBytes).total();
        assertThat(planned).isGreaterThan(6L << 30);
        assertThatThrownBy(() -> Room.require("PEER of width 256 needs", planned, "cuda", "fewer --experts"))
            .isInstanceOf(InputException.class)
            .hasMessageMatching("cuda has too little memory: PEER of width 256 needs [6-9],\\d{3} MB \\(weights, gradients, optimizer and activations\\), "
                + "[34],\\d{3} MB are free; fewer --experts, or experts in files \\(stored-mlp\\) would do");
    }
}
