package org.moe4j.bench;

import java.util.OptionalLong;

/** Somebody else's program, set up to do one work, for comparison. */
interface Peer extends AutoCloseable {
    String name();

    /** Runs the work again and again, at least once, for about {@code atLeast} seconds; the mean time of a run. */
    double secondsPerRun(double atLeast);

    /** The number of the process in which it works, where that is its own. */
    default OptionalLong process() {
        return OptionalLong.empty();
    }

    @Override
    void close();
}
