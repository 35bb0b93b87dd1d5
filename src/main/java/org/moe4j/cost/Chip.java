package org.moe4j.cost;

import java.util.List;

import org.moe4j.io.InputException;

/**
 * A chip that models are trained on.
 *
 * @param watts     what one takes while it trains, or may at most, as {@code source} says
 * @param peakFlops FLOP/s at the precision that training uses, dense
 * @param source    what the numbers are, and who says so; "recalled" where nobody was asked
 */
public record Chip(String name, double watts, double peakFlops, String source) {
    /** In the order of their years. */
    public static final List<Chip> KNOWN = List.of(
        new Chip("k40", 235, 5.0e12, "at most; float32 at the boost clock (second-hand tables of the vendor's figures)"),
        new Chip("p100", 300, 10.6e12, "at most; float32 (second-hand tables of the vendor's figures)"),
        new Chip("v100", 300, 125e12, "at most; float16 tensor cores (second-hand tables of the vendor's figures)"),
        new Chip("tpu-v3", 220, 123e12, "measured mean of the chip; bfloat16 (the vendor's documentation)"),
        new Chip("ascend-910", 310, 256e12, "at most; float16 (the vendor's announcement, in the press)"),
        new Chip("a100", 400, 312e12, "at most, SXM; bfloat16 (second-hand tables of the vendor's figures)"),
        new Chip("tpu-v4", 326, 275e12, "GLaM's figure, with its share of the system (second-hand); bfloat16 (the vendor's documentation, which has 170 W for the chip alone)"),
        new Chip("h100", 700, 989.4e12, "at most, SXM; bfloat16 without sparsity (second-hand tables of the vendor's figures)"),
        new Chip("h200", 700, 989.4e12, "at most, SXM; bfloat16 without sparsity (second-hand tables of the vendor's figures)"));

    /**
     * The chip of a name.
     *
     * @throws InputException if none has it, with the nearest that there is
     */
    public static Chip named(String name) {
        return KNOWN.stream().filter(chip -> chip.name.equals(name)).findFirst()
            .orElseThrow(() -> InputException.unknown("chip", name, KNOWN.stream().map(Chip::name).toList()));
    }
}
