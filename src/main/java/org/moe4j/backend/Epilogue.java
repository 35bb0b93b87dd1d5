package org.moe4j.backend;

import org.moe4j.tensor.Storage;

/** What a matrix product does with its result c (rows,n), block by block, while that is still in a cache. */
public sealed interface Epilogue {
    /** What each row of c starts from: (n), or (E,n) of a product for each expert; null for zeros. */
    Storage bias();

    /** The rest, over all of c at once. */
    void finish(Backend on, Storage c);

    /**
     * A layer: c = product + bias, then y = f(c).
     *
     * @param f null for none, and y with it
     * @param y may be c
     */
    record Layer(Storage bias, Unary f, Storage y) implements Epilogue {
        @Override
        public void finish(Backend on, Storage c) {
            if (f != null) {
                on.unary(f, c, y);
            }
        }
    }

    /**
     * A layer's gradient: dx = product · f'(x), where y = f(x). What is left in c is anything.
     *
     * @param x may be y where {@link Unary#slopeFromValue}
     */
    record Slope(Unary f, Storage x, Storage y, Storage dx) implements Epilogue {
        @Override
        public Storage bias() {
            return null;
        }

        @Override
        public void finish(Backend on, Storage c) {
            on.fill(dx, 0);
            on.unaryGrad(f, x, y, c, dx);
        }
    }
}
