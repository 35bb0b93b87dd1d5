package org.moe4j.data;

import java.util.Arrays;

/** Numbers the distinct pieces of a text 0, 1, 2, ... in the order in which they first come. */
final class PieceTable {
    private byte[] bytes = new byte[1 << 12];
    private int[] starts = new int[1 << 8];
    private int[] slots = new int[1 << 10];   // number + 1 of the piece hashed there; 0 is free
    private int size;

    int size() {
        return size;
    }

    byte[] piece(int number) {
        return Arrays.copyOfRange(bytes, starts[number], starts[number + 1]);
    }

    /** The number of the piece [from, to) of a text, which is {@link #size()} as it was before the call if the piece is new. */
    int number(byte[] text, int from, int to) {
        int mask = slots.length - 1;
        int at = hash(text, from, to) & mask;
        for (; slots[at] != 0; at = at + 1 & mask) {
            int number = slots[at] - 1;
            if (Arrays.equals(bytes, starts[number], starts[number + 1], text, from, to)) return number;
        }
        slots[at] = size + 1;
        append(text, from, to);
        if (size > slots.length / 2) grow();
        return size - 1;
    }

    private void append(byte[] text, int from, int to) {
        int start = starts[size];
        if (start + to - from > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, start + to - from));
        if (size + 2 > starts.length) starts = Arrays.copyOf(starts, 2 * starts.length);
        System.arraycopy(text, from, bytes, start, to - from);
        starts[++size] = start + to - from;
    }

    private void grow() {
        slots = new int[2 * slots.length];
        int mask = slots.length - 1;
        for (int number = 0; number < size; number++) {
            int at = hash(bytes, starts[number], starts[number + 1]) & mask;
            while (slots[at] != 0) at = at + 1 & mask;
            slots[at] = number + 1;
        }
    }

    private static int hash(byte[] text, int from, int to) {
        int h = 0;
        for (int i = from; i < to; i++) h = 31 * h + text[i];
        h *= 0x9E3779B9;
        return h ^ h >>> 15;
    }
}
