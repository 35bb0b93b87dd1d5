package org.moe4j.backend.cuda;

import org.moe4j.tensor.Storage;

/** Rotary positions: rotary.cu, with the cosines and sines of the last run of positions kept. */
final class Rotary {
    private static final int BLOCK = 256;

    private record Turns(int time, int headDim, double base, int first) {}

    private final Device device;
    private Turns kept;
    private DeviceStorage turns;

    Rotary(Device device) {
        this.device = device;
    }

    void turn(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add) {
        int half = headDim / 2;
        Turns wanted = new Turns(time, headDim, base, first);
        if (!wanted.equals(kept)) {
            long count = (long) time * half;
            if (turns == null || turns.size() < 2 * count) {
                turns = device.floats(2 * count);
            }
            device.launch("rotaryTurns", device.blocks(count, BLOCK), 1, 1, BLOCK, 0, time, half, base, first, turns);
            kept = wanted;
        }
        long pairs = (long) batch * time * heads * half;
        device.launch("rotary", device.blocks(pairs, BLOCK), 1, 1, BLOCK, 0, turns, time, heads, half, inverse ? -1f : 1f, x, y, add, pairs);
    }
}
