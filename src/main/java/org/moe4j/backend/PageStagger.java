package org.moe4j.backend;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where large arrays begin. A table and its moments are powers of two, as a rule, and lie one behind the other: the same row of all three
 * would stand at the same place of a page. Processors tell a load from the stores before it by that place alone, and wait for a store that
 * is none of its business: Adam took twice the time.
 */
public final class PageStagger {
    private static final int PAGE = 4096;
    /** Bytes from which on arrays are staggered. */
    private static final int LARGE = 1 << 19;
    /** Coprime to the lines of a page, so that neighbours are far apart. */
    private static final int STEP = 27 * 64;
    /** Some JVMs refuse the last few of 2^31 - 1 array elements. */
    public static final int LARGEST = Integer.MAX_VALUE - 8;

    private static final AtomicInteger arrays = new AtomicInteger();

    private PageStagger() {}

    /** How many values to leave free in front of so many. */
    public static int before(int size, int bytesPerValue) {
        boolean staggers = (long) size * bytesPerValue >= LARGE && size <= LARGEST - PAGE;
        return staggers ? Math.floorMod(arrays.getAndIncrement() * STEP, PAGE) / bytesPerValue : 0;
    }
}
