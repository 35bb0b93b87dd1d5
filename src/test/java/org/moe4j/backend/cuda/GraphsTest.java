package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Graphs of a device, apart from training. */
class GraphsTest {
    @BeforeAll
    static void driver() {
        String absent = CudaEmulator.load();
        Assumptions.assumeTrue(absent == null, "not tested: " + absent);
    }

    private static float[] read(DeviceStorage x) {
        float[] values = new float[(int) x.size()];
        x.read(0, values);
        return values;
    }

    /** A chain in which each work needs the one before it, of a fill, copies, values that are sent, and kernels. */
    private static void chain(Device device, DeviceStorage x, DeviceStorage y, float start) {
        device.fill(x.address(), Float.floatToRawIntBits(start), x.size());
        device.copy(x.address(), y.address(), y.size() * Float.BYTES);
        y.write(0, new float[] {2 * start});
        device.launch("scale", 1, 1, 1, 256, 0, 3f, y, y.size());
        device.launch("axpy", 1, 1, 1, 256, 0, 1f, y, x, x.size());
    }

    @Test
    void whatIsAskedForIsDoneInOrderEveryTime() {
        try (Device device = new Device(0, true)) {
            DeviceStorage x = device.floats(100);
            DeviceStorage y = device.floats(100);
            int before = CudaEmulator.calls("cuGraphLaunch");
            for (int i = 0; i < 10; i++) {
                chain(device, i == 7 ? y : x, i == 7 ? x : y, i);
                float[] expected = new float[100];
                Arrays.fill(expected, 4f * i);
                expected[0] = 7f * i;
                assertThat(read(i == 7 ? y : x)).isEqualTo(expected);
            }
            assertThat(CudaEmulator.calls("cuGraphLaunch") - before).as("all but the first, and the one of other addresses").isEqualTo(8);
        }
    }

    /** Far more shapes of work than are kept, and more of one shape than are told apart. */
    @Test
    void graphsAreForgotten() {
        try (Device device = new Device(0, true)) {
            DeviceStorage x = device.floats(1000);
            DeviceStorage y = device.floats(1000);
            int before = CudaEmulator.calls("cuGraphExecDestroy");
            for (int i = 2; i <= 700; i++) {
                for (int time = 0; time < 3; time++) {
                    chain(device, x.slice(0, i), y.slice(0, i), i + time);
                    device.flush();
                }
                if (i % 50 == 0) {
                    assertThat(read(x.slice(0, i))[i - 1]).isEqualTo(4f * (i + 2));
                }
            }
            assertThat(CudaEmulator.calls("cuGraphExecDestroy") - before).isBetween(150, 200);
            for (int i = 0; i < 400; i++) {
                chain(device, x.slice(i, 500), y.slice(i, 500), i);
                assertThat(read(x.slice(i, 500))[499]).isEqualTo(4f * i);
            }
        }
    }
}
