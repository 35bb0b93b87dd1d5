package org.moe4j.train;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The recipes of the papers. What a source does not say is said here. */
final class Recipes {
    private static final Recipe ADAMW = new Recipe("adamw", "the usual one of decoders today (moments of Brown et al. 2020), for papers that give none",
        new AdamW.Spec(0.9, 0.95, 0.1), 3e-3, null, new Schedule.Cosine(1000, 0.1), 10_000, 1.0, false);
    private static final Recipe GLAM = new Recipe("glam", "Du et al. 2022: Adafactor, 0.01 for 10,000 of 600,000 steps, then 1/sqrt; updates that are not finite are "
        + "skipped, a spike sends the run back. Whether steps are relative to the weights is not known: here they are not.",
        new Adafactor.Spec(false, false, null, null, null, null, 0.8, 0.99, 0.0, null), 0.01, 0.01, new Schedule.Held(0, 10_000), 600_000, null, true);
    private static final Recipe MOE_2017 = new Recipe("moe2017", "Shazeer et al. 2017, appendix C: Adam, warm-up over 1,000 of 27,000 steps, then 1/sqrt; the peak is ours",
        new Adam.Spec(), 5e-3, null, new Schedule.InverseSqrt(1000), 27_000, null, false);
    private static final Recipe MOE_2017_FACTORED = new Recipe("moe2017-100b", "Shazeer et al. 2017, appendix D: Adam without first moment, the second factored; "
        + "its mean over 1,000 steps (a beta2 of 0.999, without bias at the start) and the peak are ours",
        new Adafactor.Spec(false, false, null, null, null, Double.MAX_VALUE, 1.0, 0.999, 0.0, null), 5e-3, null, new Schedule.InverseSqrt(1000), 27_000, null, false);
    private static final Recipe SWITCH = new Recipe("switch", "Fedus et al. 2022: Adafactor with steps of min(0.01, 1/sqrt) relative to the weights, as Shazeer and Stern 2018 have it; "
        + "recalled, not checked. Runs here take the course of its first 10,000 steps, all of them at 0.01.",
        new Adafactor.Spec(false, true, null, null, null, null, null, null, null, null), 0.01, 0.01, new Schedule.Held(0, 10_000), 10_000, null, false);
    private static final Recipe FINE_GRAINED = new Recipe("fine-grained", "Krajewski et al. 2024, appendix A: AdamW with decay 0.1, 1 % warm-up, cosine to a tenth; betas are the usual ones",
        new AdamW.Spec(0.9, 0.999, 0.1), 3e-3, 2e-4, new Schedule.Cosine(100, 0.1), 10_000, null, false);
    private static final Recipe PANGU_SIGMA = new Recipe("pangu-sigma", "Ren et al. 2023: Adam with betas 0.8 and 0.95, epsilon 1e-8, of experts 1e-20; warm-up over 5,000 of 180,000 steps; "
        + "that the decay is a cosine to a tenth, and the peak, are ours",
        new Adam.Spec(0.8, 0.95, 1e-8, null, null, null).withGroups(new Adam.Group("experts", null, 1e-20, null)), 3e-3, null, new Schedule.Cosine(5000, 0.1), 180_000, null, false);
    private static final Recipe MEMORY = new Recipe("memory", "Lample et al. 2019: Adam, values at a constant rate four times the rest's; both rates here ten times theirs, whose models are wider; "
        + "the warm-up is ours", new Adam.Spec().withGroups(Adam.Group.values(1e-2)), 2.5e-3, 2.5e-4, new Schedule.InverseSqrt(1000), 10_000, null, false);

    /** By how the names of architectures begin; the longest that fits counts. */
    private static final Map<String, Recipe> BY_FAMILY = Map.of("glam-", GLAM, "expert-choice-", GLAM, "moe2017-", MOE_2017, "moe2017-100b-", MOE_2017_FACTORED, "switch-", SWITCH,
        "finegrained-", FINE_GRAINED, "pangu-", PANGU_SIGMA, "pkm", MEMORY, "memory-plus", MEMORY);

    private Recipes() {}

    static List<Recipe> all() {
        return List.of(ADAMW, GLAM, MOE_2017, MOE_2017_FACTORED, SWITCH, FINE_GRAINED, PANGU_SIGMA, MEMORY);
    }

    static Recipe of(String architecture) {
        return BY_FAMILY.keySet().stream().filter(architecture::startsWith).max(Comparator.comparingInt(String::length)).map(BY_FAMILY::get).orElse(ADAMW);
    }
}
