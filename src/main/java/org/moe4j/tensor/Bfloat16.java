package org.moe4j.tensor;

/** bfloat16, the upper half of a float32: its range, and 8 bits of precision. */
public final class Bfloat16 {
    private Bfloat16() {}

    /** The value of its 16 bits, exactly. */
    public static float value(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The nearest bfloat16, of two equally near the one with an even last bit; a NaN stays one, made quiet, with the payload's upper bits. */
    public static short nearest(float value) {
        int bits = Float.floatToRawIntBits(value);
        return upper(value, bits + 0x7FFF + (bits >>> 16 & 1));
    }

    /**
     * One of the two neighbours, the upper one as often as the value is near to it, so that the mean over all noise is the value.
     *
     * @param noise 0 to 0xFFFF, each as likely
     */
    public static short atRandom(float value, int noise) {
        return upper(value, Float.floatToRawIntBits(value) + noise);
    }

    private static short upper(float value, int rounded) {
        return (short) ((Float.isNaN(value) ? Float.floatToRawIntBits(value) | 0x40_0000 : rounded) >>> 16);
    }
}
