package org.moe4j.tensor;

/** What the values of a storage are kept as. Back ends compute in their own type, whatever it is. */
public enum ValueType {
    /** The back end's own: float32, or float64 in the reference. */
    NATIVE,
    /** The upper half of a float32, see {@link Bfloat16}: half the bytes, for tables of which a step reads and changes single rows. */
    BFLOAT16
}
