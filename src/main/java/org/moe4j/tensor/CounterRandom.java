package org.moe4j.tensor;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Random numbers as a pure function of (key, counter): no state, so that any thread, any back end and any resumed run
 * draws the same ones in any order. The mixing is that of SplitMix64 (Steele, Lea and Flood 2014), which passes BigCrush
 * when fed with consecutive counters.
 */
public record CounterRandom(long key) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long[] STEPS = new long[NormalBlock.SIZE];

    static {
        Arrays.setAll(STEPS, j -> j * GOLDEN);
    }

    /** A generator for one purpose ("layers.3.router") of a seeded run. */
    public static CounterRandom of(long seed, String purpose) {
        long key = mix(seed + GOLDEN);
        for (byte b : purpose.getBytes(StandardCharsets.UTF_8)) {
            key = mix(key ^ (b & 0xff)) + GOLDEN;
        }
        return new CounterRandom(key);
    }

    /** An independent generator, one for each index (a training step, a layer). */
    public CounterRandom at(long index) {
        return new CounterRandom(mix(key ^ mix(index + GOLDEN)));
    }

    /** 64 random bits. */
    public long bits(long counter) {
        return mix(key + counter * GOLDEN);
    }

    /** Uniform in [0, 1), a multiple of 2^-24 so that float32 and float64 hold the same number. */
    public double uniform(long counter) {
        return (bits(counter) >>> 40) * 0x1.0p-24;
    }

    /** Uniform in 0 .. bound-1; the bias is below bound / 2^32. */
    public int below(long counter, int bound) {
        return (int) (((bits(counter) >>> 32) * bound) >>> 32);
    }

    /** A standard normal number: the inverse of the distribution function at the middle of a uniform cell. */
    public double normal(long counter) {
        return NormalQuantile.at(cell(counter));
    }

    /** The middle of a uniform cell of (0, 1). */
    private double cell(long counter) {
        return ((bits(counter) >>> 11) + 0.5) * 0x1.0p-53;
    }

    /** p = the middles of the cells at counters {@code from} and on, n of them, at most {@link NormalBlock#SIZE}. */
    void cells(long from, double[] p, int n) {
        long start = key + from * GOLDEN;
        for (int j = 0; j < n; j++) {
            long z = start + STEPS[j]; // steps from memory: compilers make vectors of that
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z = z ^ (z >>> 31);
            p[j] = ((z >>> 11) + 0.5) * 0x1.0p-53;
        }
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
