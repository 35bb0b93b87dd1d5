package org.moe4j.backend.cuda;

import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Single-neuron experts, one kernel forward and one backward: neurons.cu. */
final class SingleNeurons {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    /** Rows that a warp reads at once. */
    private static final int IN_FLIGHT = 4;

    private final Device device;

    SingleNeurons(Device device) {
        this.device = device;
    }

    void forward(Unary f, Storage x, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s, Storage y) {
        if (perRow == 0) {
            device.fill(DeviceStorage.of(y).address(), 0, y.size());
            return;
        }
        int tokens = ids.length() / perRow;
        int warps = warps(perRow);
        device.launch("singleNeurons", blocks(tokens, warps), 1, 1, BLOCK, 0, f.function().ordinal(), (float) f.p(), (float) f.q(), x, down, up, width,
                ids, perRow, tokens, warps, gates, s, y);
    }

    void backward(Unary f, Storage dy, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s,
            Storage dgates, Storage weights, Storage ds, Storage dx) {
        if (perRow == 0) {
            return;
        }
        int tokens = ids.length() / perRow;
        int warps = warps(perRow);
        device.launch("singleNeuronsGrad", blocks(tokens, warps), 1, 1, BLOCK, 0, f.function().ordinal(), (float) f.p(), (float) f.q(), dy, down, up, width,
                ids, perRow, tokens, warps, gates, s, dgates, weights, ds, dx);
    }

    /** Warps that share a token: one for each 4 slots, a power of two. */
    private static int warps(int perRow) {
        return Math.clamp(Integer.highestOneBit(perRow / IN_FLIGHT), 1, WARPS);
    }

    private static int blocks(int tokens, int warps) {
        return Math.ceilDiv(tokens, WARPS / warps);
    }
}
