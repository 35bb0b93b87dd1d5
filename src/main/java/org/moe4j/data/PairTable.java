package org.moe4j.data;

/** A map from pairs of tokens to whole numbers from 0 up. */
final class PairTable {
    static final int NONE = -1;

    private long[] pairs = new long[1 << 10];
    private int[] values = new int[1 << 10];   // value + 1; 0 is free
    private int size;

    int size() {
        return size;
    }

    /** The pair's value, or {@link #NONE}. */
    int get(int left, int right) {
        return values[slot(pack(left, right))] - 1;
    }

    void put(int left, int right, int value) {
        long pair = pack(left, right);
        int at = slot(pair);
        if (values[at] == 0) size++;
        pairs[at] = pair;
        values[at] = value + 1;
        if (size > pairs.length / 2) grow();
    }

    private int slot(long pair) {
        int mask = pairs.length - 1;
        long h = pair * 0x9E3779B97F4A7C15L;
        int at = (int) (h >>> 32) & mask;
        while (values[at] != 0 && pairs[at] != pair) at = at + 1 & mask;
        return at;
    }

    private void grow() {
        long[] oldPairs = pairs;
        int[] oldValues = values;
        pairs = new long[2 * oldPairs.length];
        values = new int[2 * oldValues.length];
        for (int i = 0; i < oldPairs.length; i++) {
            if (oldValues[i] == 0) continue;
            int at = slot(oldPairs[i]);
            pairs[at] = oldPairs[i];
            values[at] = oldValues[i];
        }
    }

    private static long pack(int left, int right) {
        return (long) left << 32 | right;
    }
}
