package org.moe4j.backend.cuda;

import java.util.stream.Stream;

import org.moe4j.backend.AdamStep;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Adam over whole parameters and over rows of tables: adam.cu. */
final class Adam {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    private static final int PACK = 4;

    private final Device device;

    Adam(Device device) {
        this.device = device;
    }

    void step(AdamStep step, Storage p, Storage g, Storage m, Storage v) {
        device.launch("adam", device.blocks(p.size(), BLOCK * PACK), 1, 1, BLOCK, 0, with(step, p, g, m, v, p.size()));
    }

    void rows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v) {
        device.launch("adamRows", Math.ceilDiv(rows.length(), WARPS), 1, 1, BLOCK, 0, with(step, rows, rows.length(), width, p, g, m, v));
    }

    private static Object[] with(AdamStep s, Object... arguments) {
        Stream<Object> scalars = Stream.of(s.rate(), s.beta1(), 1 - s.beta1(), s.beta2(), 1 - s.beta2(), s.eps(), s.vScale(), s.keep(), s.l2()).map(Double::floatValue);
        return Stream.concat(scalars, Stream.of(arguments)).toArray();
    }
}
