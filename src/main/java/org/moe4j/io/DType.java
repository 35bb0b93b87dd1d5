package org.moe4j.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.moe4j.tensor.Bfloat16;

/**
 * The element types of safetensors, all little-endian. Reading widens: every type can be read as double, the integer types
 * and BOOL as long.
 */
public enum DType {
    /** IEEE double. */ F64(8),
    /** IEEE single. */ F32(4),
    /** IEEE half: 1 sign, 5 exponent, 10 fraction bits. */ F16(2),
    /** The upper half of an IEEE single. */ BF16(2),
    /** Signed, 64 bits. */ I64(8),
    /** Signed, 32 bits. */ I32(4),
    /** Signed, 16 bits. */ I16(2),
    /** Signed, 8 bits. */ I8(1),
    /** Unsigned, 64 bits. */ U64(8),
    /** Unsigned, 32 bits. */ U32(4),
    /** Unsigned, 16 bits. */ U16(2),
    /** Unsigned, 8 bits. */ U8(1),
    /** One byte, 0 or 1. */ BOOL(1);

    // Unaligned: the format packs tensors without holes.
    static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether the values are floating point. */
    public boolean isFloat() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    /** The type of this name.
     *
     *  @throws InputException if there is none */
    public static DType named(String name) {
        for (DType type : values()) if (type.name().equals(name)) return type;
        throw InputException.unknown("dtype", name, Arrays.stream(values()).map(DType::name).toList());
    }

    /** Element {@code index} as a double; a 64-bit integer is rounded. */
    double doubleAt(MemorySegment data, long index) {
        return switch (this) {
            case F64 -> data.get(DOUBLE, 8 * index);
            case F32 -> data.get(FLOAT, 4 * index);
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2 * index));
            case BF16 -> Bfloat16.value(data.get(SHORT, 2 * index));
            case U64 -> unsigned(data.get(LONG, 8 * index));
            default -> longAt(data, index);
        };
    }

    /** Sets element {@code index} to the nearest value of this floating-point type, of two equally near the one with an even last bit. */
    void put(MemorySegment data, long index, double value) {
        switch (this) {
            case F64 -> data.set(DOUBLE, 8 * index, value);
            case F32 -> data.set(FLOAT, 4 * index, (float) value);
            case F16 -> data.set(SHORT, 2 * index, Float.floatToFloat16(roundedToOdd(value)));
            case BF16 -> data.set(SHORT, 2 * index, Bfloat16.nearest(roundedToOdd(value)));
            default -> throw new IllegalArgumentException(this + " is not a floating-point type");
        }
    }

    /**
     * A single next to the value, the one with an odd last bit where it lies between two: rounding that further is as good as
     * rounding the value itself, while the nearest single could lie on a tie that the value does not.
     */
    private static float roundedToOdd(double value) {
        float near = (float) value;
        int bits = Float.floatToRawIntBits(near);
        if (near == value || Double.isNaN(value) || Float.isInfinite(near) || (bits & 1) == 1) return near;
        return Float.intBitsToFloat(Math.abs((double) near) > Math.abs(value) ? bits - 1 : bits + 1);
    }

    /** Element {@code index} as a long; not for the floating-point types. */
    long longAt(MemorySegment data, long index) {
        return switch (this) {
            case I64 -> data.get(LONG, 8 * index);
            case U64 -> data.get(LONG, 8 * index);
            case I32 -> data.get(INT, 4 * index);
            case U32 -> Integer.toUnsignedLong(data.get(INT, 4 * index));
            case I16 -> data.get(SHORT, 2 * index);
            case U16 -> Short.toUnsignedLong(data.get(SHORT, 2 * index));
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case U8, BOOL -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, index));
            case F64, F32, F16, BF16 -> throw new IllegalArgumentException(this + " is not an integer type");
        };
    }

    private static double unsigned(long bits) {
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;   // the sticky bit keeps the rounding right
    }
}
