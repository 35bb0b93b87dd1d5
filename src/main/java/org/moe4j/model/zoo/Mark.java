package org.moe4j.model.zoo;

/** How sure a number is. */
public enum Mark {
    /** Read in the paper. */
    PAPER,
    /** Read in the authors' code, configuration or README. */
    CODE,
    /** Read in other people's notes on the paper. */
    SECONDARY,
    /** From memory, not checked. */
    RECALLED,
    /** Talk; never a fact. */
    RUMOUR
}
