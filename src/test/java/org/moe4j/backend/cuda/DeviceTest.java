package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.moe4j.tensor.Storage;

class DeviceTest {
    @BeforeAll
    static void driver() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, absent);
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        try (Device device = new Device(0)) {
            DeviceStorage x = device.floats(3_000_000);
            float[] values = new float[3_000_000];
            for (int i = 0; i < values.length; i++) {
                values[i] = i;
            }
            x.write(0, values);
            x.write(7, 0.5, 0.25);
            float[] read = new float[values.length];
            x.read(0, read);
            values[7] = 0.5f;
            values[8] = 0.25f;
            assertThat(read).isEqualTo(values);
            assertThat(x.slice(5, 4).get(2)).isEqualTo(0.5);
        }
    }

    @Test
    void aKernelIsLaunchedWithItsArguments() {
        try (CudaBackend on = CudaBackend.open("cuda")) {
            Storage x = on.allocate(1000);
            Storage y = on.allocate(1000);
            on.fill(x, 2);
            on.fill(y.slice(1, 998), 1);
            on.axpy(0.5, x, y);
            double[] values = new double[1000];
            y.read(0, values);
            assertThat(values).contains(1, org.assertj.core.data.Index.atIndex(0)).contains(2, org.assertj.core.data.Index.atIndex(1)).contains(1, org.assertj.core.data.Index.atIndex(999));
        }
    }

    @Test
    void aFailureShowsWhenItIsWaitedFor() {
        try (Device device = new Device(0)) {
            DeviceStorage x = device.floats(10);
            assertThatThrownBy(() -> device.launch("noSuch", 1, 1, 1, 32, 0, x)).isInstanceOf(IllegalStateException.class).hasMessageContaining("noSuch");
        }
    }

    /** What kernels use in passing is dropped without a word; the heap hardly notices. */
    @Test
    void droppedMemoryIsUsedAgain() {
        try (Device device = new Device(0)) {
            device.enter();
            DeviceMemory memory = new DeviceMemory("device", () -> {}, 8 << 20);
            for (int i = 0; i < 500; i++) {
                memory.take((1 << 20) - 100 * i);
            }
            assertThat(memory.heldBytes()).isLessThan(40 << 20);
            memory.close();
        }
    }

    @Test
    void memoryInUseIsNotHandedOut() {
        try (Device device = new Device(0)) {
            device.enter();
            DeviceMemory memory = new DeviceMemory("device", () -> {}, 1 << 20);
            List<DeviceMemory.Lease> used = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                used.add(memory.take(100_000));
                memory.take(100_000);
            }
            assertThat(used).extracting(lease -> lease.address).doesNotHaveDuplicates();
            memory.close();
        }
    }
}
