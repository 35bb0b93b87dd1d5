package org.moe4j.tensor;

/**
 * A list of whole numbers that belongs to a back end, as a {@link Storage} of values does: rows, columns, experts, where groups start. A
 * negative number is an empty slot. Every back end reads lists of the host's memory; those that it made stay where it computes.
 */
public interface IntStorage {
    /** A list in the host's memory, which shares the array. */
    static IntStorage of(int... numbers) {
        return new HostInts(numbers, 0, numbers.length);
    }

    int length();

    /** A view of part of this list; both see each other's writes. */
    IntStorage slice(int from, int length);

    /** One number: slow on a device, meant for tests and reports. */
    int get(int index);

    /** A copy in the host's memory; on a device this waits for all that was asked of it. */
    int[] toArray();
}
