package org.moe4j.tensor;

import java.util.Arrays;
import java.util.Objects;

/** Whole numbers {@code from} to {@code from + length} of an array, for the back ends that compute on the host. */
public record HostInts(int[] array, int from, int length) implements IntStorage {
    /** A list that has to lie in the host's memory. */
    public static HostInts of(IntStorage list) {
        if (list instanceof HostInts host) {
            return host;
        }
        throw new IllegalArgumentException("a list of the back end's own is wanted, this is a " + list.getClass().getSimpleName());
    }

    public static HostInts allocate(int length) {
        return new HostInts(new int[length], 0, length);
    }

    @Override
    public HostInts slice(int start, int size) {
        Objects.checkFromIndexSize(start, size, length);
        return new HostInts(array, from + start, size);
    }

    @Override
    public int get(int index) {
        return array[from + index];
    }

    public void set(int index, int number) {
        array[from + index] = number;
    }

    @Override
    public int[] toArray() {
        return Arrays.copyOfRange(array, from, from + length);
    }

    @Override
    public String toString() {
        return Arrays.toString(toArray());
    }
}
