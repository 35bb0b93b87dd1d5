package org.moe4j.backend.cuda;

/** How operands of a matrix product are rounded before they are multiplied; sums, and everything else, stay float32. */
enum Precision {
    FLOAT32("", ""),
    /** A mantissa of 10 bits, on tensor cores. */
    TF32("+tf32", "Tf32_"),
    /** A mantissa of 7 bits, on tensor cores. */
    BF16("+bf16", "Bf16_");

    /** What stands behind the device's name. */
    final String suffix;
    /** What stands in the names of our own kernels, before the side of their tiles. */
    final String kernels;

    Precision(String suffix, String kernels) {
        this.suffix = suffix;
        this.kernels = kernels;
    }
}
