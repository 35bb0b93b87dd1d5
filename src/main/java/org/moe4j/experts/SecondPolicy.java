package org.moe4j.experts;

/** Whether choices after the first are sent to their experts (GShard, Lepikhin et al. 2021, section 2.2). */
public enum SecondPolicy {
    ALL,
    NONE,
    /** With probability gate / threshold: a second expert whose gate is small is not worth its place. */
    RANDOM,
    /** All, but the second is drawn with its probability among the remaining experts instead of being their largest. */
    SAMPLING
}
