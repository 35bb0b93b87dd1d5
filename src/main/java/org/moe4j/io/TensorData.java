package org.moe4j.io;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A tensor to be written: its values are not copied, so they must stay as they are until the file is written.
 *
 * @param name unique in the file
 * @param dtype type of the elements in the file
 * @param shape sizes, row-major; empty for a scalar
 * @param data the elements, little-endian: on a big-endian machine the factories below do not apply
 * @param stored type of the elements in {@code data}; where it differs, they are rounded piece by piece while being written
 */
public record TensorData(String name, DType dtype, long[] shape, MemorySegment data, DType stored) {
    /** Checks that the data fill the shape. */
    public TensorData {
        if (dtype != stored && !(dtype.isFloat() && stored.isFloat())) {
            throw new IllegalArgumentException("tensor '" + name + "': " + stored + " is not written as " + dtype);
        }
        shape = shape.clone();
        long bytes = stored.bytes();
        for (long size : shape) {
            if (size < 0) throw new IllegalArgumentException("tensor '" + name + "': negative size " + size);
            bytes = Math.multiplyExact(bytes, size);
        }
        if (bytes != data.byteSize()) {
            throw new IllegalArgumentException("tensor '" + name + "': " + stored + " " + Arrays.toString(shape)
                    + " takes " + bytes + " bytes, given " + data.byteSize());
        }
    }

    /** A tensor to be written as it is. */
    public TensorData(String name, DType dtype, long[] shape, MemorySegment data) {
        this(name, dtype, shape, data, dtype);
    }

    /** The same values, to be rounded to another floating-point type when they are written. */
    public TensorData as(DType other) {
        return new TensorData(name, other, shape, data, stored);
    }

    /** The number of elements. */
    public long elements() {
        return data.byteSize() / stored.bytes();
    }

    /** Bytes in the file. */
    public long bytes() {
        return elements() * dtype.bytes();
    }

    /** A copy of the shape. */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** An F32 tensor over an array. */
    public static TensorData of(String name, float[] values, long... shape) {
        return new TensorData(name, DType.F32, shape, MemorySegment.ofArray(values));
    }

    /** An F64 tensor over an array. */
    public static TensorData of(String name, double[] values, long... shape) {
        return new TensorData(name, DType.F64, shape, MemorySegment.ofArray(values));
    }

    /** An I64 tensor over an array. */
    public static TensorData of(String name, long[] values, long... shape) {
        return new TensorData(name, DType.I64, shape, MemorySegment.ofArray(values));
    }

    /** An I32 tensor over an array. */
    public static TensorData of(String name, int[] values, long... shape) {
        return new TensorData(name, DType.I32, shape, MemorySegment.ofArray(values));
    }

    /** A U8 tensor over an array. */
    public static TensorData of(String name, byte[] values, long... shape) {
        return new TensorData(name, DType.U8, shape, MemorySegment.ofArray(values));
    }
}
