package org.moe4j.tensor;

/**
 * A storage read or written with strides, in values; a stride of 0 repeats (broadcasting) or accumulates (reduction), a
 * negative one runs backwards.
 */
public record Strided(Storage data, long offset, long[] strides) {
    /** The row-major view of a tensor. */
    public static Strided of(Tensor x) {
        return new Strided(x.data(), 0, x.shape().strides());
    }

    /** All values of a storage, one after another. */
    public static Strided of(Storage x) {
        return new Strided(x, 0, new long[] {1});
    }

    /** A tensor stretched to a larger shape. */
    public static Strided broadcast(Tensor x, Shape target) {
        return new Strided(x.data(), 0, x.shape().stridesWhenBroadcastTo(target));
    }
}
