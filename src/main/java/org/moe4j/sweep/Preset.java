package org.moe4j.sweep;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Sweeps by the time they take on two cores. */
public enum Preset {
    /** Under a minute: shows that everything works, and no more. */
    SMOKE(1e10, List.of(1, 2, 4), 32, 2, 64, 16, 4, 8, "bpe:512", List.of(1L), 4096, 2),
    /** About ten minutes. */
    QUICK(1.2e12, List.of(1, 2, 4, 8, 16, 32), 64, 2, 128, 64, 8, 8, "bpe:1024", List.of(1L, 2L, 3L), 32_768, 8),
    /** Hours: a larger model, more seeds and more experts. */
    FULL(2e13, List.of(1, 2, 4, 8, 16, 32), 128, 4, 256, 128, 8, 32, "bpe:4096", List.of(1L, 2L, 3L), 262_144, 20);

    private final double flops;
    private final SweepSpec spec;

    Preset(double budget, List<Integer> granularity, int dim, int layers, int sequence, int subKeys, int retrievalHeads, int batch,
           String tokenizer, List<Long> seeds, int validationTokens, int evaluations) {
        flops = budget;
        spec = new SweepSpec(Double.toString(budget), List.of("dense", "moe", "pkm", "peer"), granularity, 8, "top-k", SweepSpec.Place.EVERY, true,
            dim, layers, 4, 4 * dim, sequence, subKeys, retrievalHeads, 8, 32, batch, 1.5e-2, 0.1, seeds, List.of(), tokenizer,
            validationTokens, evaluations, "auto", 0, 0);
    }

    /** Training FLOPs of each trial. */
    public double flops() {
        return flops;
    }

    public SweepSpec spec() {
        return spec;
    }

    /** The preset of that name, if it is one. */
    public static Optional<Preset> named(String name) {
        return Arrays.stream(values()).filter(p -> p.name().toLowerCase(Locale.ROOT).equals(name)).findFirst();
    }
}
