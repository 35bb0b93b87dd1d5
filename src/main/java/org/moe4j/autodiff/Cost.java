package org.moe4j.autodiff;

import org.moe4j.tensor.ValueType;

/**
 * What one operation, or a sum of them, costs going forward. FLOPs are those of products (a multiply-add is 2) and of the
 * candidate sums of product keys, as the papers count; elementwise functions, softmax and norms count none. Training is
 * three times forward: each product has two of the same size in its gradient. Bytes are each input and output once, of values in float32
 * but for tables that are kept in bfloat16.
 */
public record Cost(long flops, long bytes) {
    public static final Cost NONE = new Cost(0, 0);

    public static Cost flops(long flops) {
        return new Cost(flops, 0);
    }

    /** Bytes of a value of this type. */
    public static int bytesPerValue(ValueType type) {
        return type == ValueType.BFLOAT16 ? Short.BYTES : Float.BYTES;
    }

    public Cost plus(Cost other) {
        return new Cost(flops + other.flops, bytes + other.bytes);
    }

    /** FLOPs of forward and backward together. */
    public long trainingFlops() {
        return 3 * flops;
    }
}
