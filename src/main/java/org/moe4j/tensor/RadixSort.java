package org.moe4j.tensor;

/** Least-significant-digit radix sort of (row, place) keys whose low half already ascends: only the row's bytes are sorted. */
final class RadixSort {
    private static final int SMALL = 256;
    /** The most bits of a digit: so many counters stay in the first-level cache. */
    private static final int DIGIT = 13;

    private RadixSort() {}

    /**
     * Sorts the first n keys.
     *
     * @param spare as long as {@code keys}; overwritten
     * @return whichever of the two arrays holds them now
     */
    static long[] ascending(long[] keys, long[] spare, int n) {
        if (n < SMALL) {
            java.util.Arrays.sort(keys, 0, n);
            return keys;
        }
        long max = 0;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, keys[i] >>> 32);
        }
        long[] from = keys;
        long[] to = spare;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(max);
        int passes = (bits + DIGIT - 1) / DIGIT;
        int digit = passes == 0 ? 0 : (bits + passes - 1) / passes;
        int mask = (1 << digit) - 1;
        int[] count = new int[mask + 2];
        for (int pass = 0; pass < passes; pass++) {
            int shift = Integer.SIZE + pass * digit;
            java.util.Arrays.fill(count, 0);
            for (int i = 0; i < n; i++) {
                count[((int) (from[i] >>> shift) & mask) + 1]++;
            }
            for (int d = 0; d <= mask; d++) {
                count[d + 1] += count[d];
            }
            for (int i = 0; i < n; i++) {
                to[count[(int) (from[i] >>> shift) & mask]++] = from[i];
            }
            long[] swap = from;
            from = to;
            to = swap;
        }
        return from;
    }
}
