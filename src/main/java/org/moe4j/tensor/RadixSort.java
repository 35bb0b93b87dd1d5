package org.moe4j.tensor;

/** Least-significant-digit radix sort of (row, place) keys whose low half already ascends: only the row's bytes are sorted. */
final class RadixSort {
    private static final int SMALL = 256;

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
        int[] count = new int[2049];
        for (int shift = 32; shift < 64 && (max >>> (shift - 32)) != 0; shift += 11) {
            java.util.Arrays.fill(count, 0);
            for (int i = 0; i < n; i++) {
                count[(int) (from[i] >>> shift & 2047) + 1]++;
            }
            for (int d = 0; d < 2048; d++) {
                count[d + 1] += count[d];
            }
            for (int i = 0; i < n; i++) {
                to[count[(int) (from[i] >>> shift & 2047)]++] = from[i];
            }
            long[] swap = from;
            from = to;
            to = swap;
        }
        return from;
    }
}
