package org.moe4j.bench;

/** Something to time, set up for a size and on a back end: {@link #run} does it once, as often as it is called. */
interface Work {
    /** @return something that depends on all it did */
    Object run();

    /** Of one run; asked after at least one. */
    Demand demand();
}
