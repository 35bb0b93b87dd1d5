package org.moe4j.backend;

import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** What a matrix product does with its result c (rows,n), block by block, while that is still in a cache. */
public sealed interface Epilogue {
    /** What each row of c starts from: (n), or (E,n) of a product for each expert; null for zeros. */
    default Storage bias() {
        return null;
    }

    /** The rest, over all of c at once. */
    void finish(Backend on, Storage c);

    /**
     * A layer: c = product + bias, then y = f(c).
     *
     * @param f null for none, and y with it
     * @param y may be c, unless {@code keep}
     * @param keep whether a {@link Slope} follows, going backward: then what is left in c is what the back end wants for it, c or f'(c)
     */
    record Layer(Storage bias, Unary f, Storage y, boolean keep) implements Epilogue {
        /** A linear layer. */
        public Layer(Storage bias) {
            this(bias, null, null, false);
        }

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
     * @param kept what the {@link Layer} has left; y where {@link Unary#slopeFromValue}, of which it keeps nothing
     */
    record Slope(Unary f, Storage kept, Storage y, Storage dx) implements Epilogue {
        @Override
        public void finish(Backend on, Storage c) {
            on.fill(dx, 0);
            on.unaryGrad(f, kept, y, c, dx);
        }
    }

    /** A gated layer (Shazeer 2020, equations 5 and 6): c = product + bias, then y = f(c) up. */
    record Gate(Storage bias, Unary f, Storage up, Storage y) implements Epilogue {
        @Override
        public void finish(Backend on, Storage c) {
            on.unary(f, c, y);
            multiply(on, up, y);
        }
    }

    /**
     * Its gradients: dup = product · f(gate) and dgate = product · up f'(gate). What is left in c and {@code work} is anything.
     *
     * @param gate what the {@link Gate} has left in c
     * @param work as large as c
     */
    record GateGrad(Unary f, Storage gate, Storage up, Storage dup, Storage dgate, Storage work) implements Epilogue {
        @Override
        public void finish(Backend on, Storage c) {
            on.unary(f, gate, work);
            on.copy(c, dup);
            multiply(on, work, dup);
            multiply(on, up, c);
            on.fill(dgate, 0);
            on.unaryGrad(f, gate, work, c, dgate);
        }
    }

    /** y = x y. */
    private static void multiply(Backend on, Storage x, Storage y) {
        on.binary(Binary.MULTIPLY, new int[] {Math.toIntExact(y.size())}, Strided.of(x), Strided.of(y), y);
    }
}
