package org.moe4j.tensor;

/**
 * The noise by which values are rounded to {@link Bfloat16} at random (Gupta et al. 2015, section 3: up with a probability equal to the part
 * cut off, so that nothing is lost in the mean). A step of a weight is often less than half of its last place, 1/256 of it at most: rounding to the nearest
 * loses all such steps, which is what stops training with bfloat16 weights (Zamirai et al. 2020, sections 3 and 4).
 *
 * <p>The noise is a function of two keys and the value's place, so that it depends neither on threads nor on order. It is a 32-bit mixing
 * of two rounds (multiply and shift, the constants of C. Wellons' search for the least bias), as vectors do it fast; the second key comes in between, so that
 * the noise of one step is not that of another with the places shifted.
 */
public record StochasticRounding(int first, int second) {
    public static final int STEP = 0x9E3779B9;
    public static final int MIX_1 = 0x7FEB352D;
    public static final int MIX_2 = 0x846CA68B;

    /** The noise of one purpose, such as a step of a table. */
    public static StochasticRounding of(CounterRandom random) {
        long key = random.bits(0);
        return new StochasticRounding((int) (key >>> 32), (int) key);
    }

    /** 32 random bits: the noise of two values that are kept for one place. */
    public int bits(int place) {
        int x = first + place * STEP;
        x = (x ^ x >>> 16) * MIX_1;
        x = (x ^ x >>> 15 ^ second) * MIX_2;
        return x ^ x >>> 16;
    }

    /** The noise for the weight or the only value of a place. */
    public int upper(int place) {
        return bits(place) >>> 16;
    }

    /** The noise for what is kept beside it. */
    public int lower(int place) {
        return bits(place) & 0xFFFF;
    }
}
