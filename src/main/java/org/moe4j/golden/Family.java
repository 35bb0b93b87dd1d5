package org.moe4j.golden;

/** Computes cases of one origin with this project's parts. */
interface Family {
    /**
     * Reads configuration and tensors of the case, runs the forward pass on the bench's tape and hands over every result by name.
     *
     * @throws Verdict if the case is of a kind that is not covered
     */
    void compute(GoldenCase c, Bench bench);

    /** The family of this name. */
    static Family named(String name) {
        return switch (name) {
            case "engine" -> new EngineCases();
            case "optim" -> new OptimizerCases();
            case "mixtral_hf", "mixtral_mistral" -> new MixtralCases();
            case "router_megablocks" -> new MegaBlocksCases();
            case "shazeer17_t2t" -> new NoisyTopKCases();
            case "shazeer17_davidmrau_paper" -> new DavidmrauCases(false);
            case "shazeer17_davidmrau_head" -> new DavidmrauCases(true);
            case "gshard_lucid" -> new GShardCases();
            case "gshard_deepspeed" -> new DeepSpeedCases();
            case "gating_tutel" -> new TutelCases();
            case "stmoe_lucid" -> new StMoeCases();
            case "peer" -> new PeerCases();
            case "pkm_xlm", "pkm_lucid" -> new ProductKeyMemoryCases();
            case "e2e" -> new EndToEndCases();
            default -> throw Verdict.notCovered("the family '" + name + "' is not known");
        };
    }
}
