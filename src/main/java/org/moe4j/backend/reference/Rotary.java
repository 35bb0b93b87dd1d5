package org.moe4j.backend.reference;

import org.moe4j.tensor.Storage;

/** Rotary positions (Su et al. 2021, section 3.2). */
final class Rotary {
    private Rotary() {}

    static void turn(int batch, int time, int heads, int headDim, double base, int first, boolean inverse, Storage x, Storage y, boolean add) {
        int half = headDim / 2;
        for (long head = 0; head < (long) batch * time * heads; head++) {
            int position = first + (int) (head / heads % time);
            for (int i = 0; i < half; i++) {
                double angle = position * Math.pow(base, -2.0 * i / headDim);
                double cos = Math.cos(angle);
                double sin = inverse ? -Math.sin(angle) : Math.sin(angle);
                long atLow = head * headDim + i;
                long atHigh = atLow + half;
                double low = x.get(atLow) * cos - x.get(atHigh) * sin;
                double high = x.get(atHigh) * cos + x.get(atLow) * sin;
                y.set(atLow, add ? y.get(atLow) + low : low);
                y.set(atHigh, add ? y.get(atHigh) + high : high);
            }
        }
    }
}
