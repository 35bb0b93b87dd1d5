package org.moe4j.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A run of values that belongs to a back end: an array here, a device pointer there. Only its own back end computes on
 * it; everyone may read and write single values, which is slow on a device and meant for tests, files and reports.
 */
public interface Storage {
    /** The number of values. */
    long size();

    /** What the values are kept as. */
    default ValueType type() {
        return ValueType.NATIVE;
    }

    /** A view of part of this storage; both see each other's writes. */
    Storage slice(long offset, long size);

    /** Whether the values take up this process' memory; those that do not lie in a file. */
    default boolean inMemory() {
        return true;
    }

    double get(long index);

    void set(long index, double value);

    /** Copies values out, starting at {@code from}. */
    default void read(long from, double[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = get(from + i);
        }
    }

    /** Copies values out, starting at {@code from}; float64 values are rounded. */
    default void read(long from, float[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = (float) get(from + i);
        }
    }

    /**
     * All values in the host's memory, as they are kept, in the machine's byte order: to be read only, by files. A view where the values lie in an array; where they don't, a copy.
     */
    default MemorySegment segment() {
        double[] values = new double[Math.toIntExact(size())];
        read(0, values);
        return MemorySegment.ofArray(values);
    }

    /** Copies values in, starting at {@code to}. */
    default void write(long to, double... values) {
        for (int i = 0; i < values.length; i++) {
            set(to + i, values[i]);
        }
    }

    /** Copies values in, starting at {@code to}. */
    default void write(long to, float[] values) {
        for (int i = 0; i < values.length; i++) {
            set(to + i, values[i]);
        }
    }
}
