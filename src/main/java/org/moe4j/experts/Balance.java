package org.moe4j.experts;

/**
 * Which choices of a token the balance loss E · sum over e of f_e P_e counts, P_e being the mean probability of expert e and
 * f_e the share of tokens that chose it: public code disagrees, so the convention has a name. Only P carries a gradient.
 */
public enum Balance {
    /**
     * First choices only: 1 at perfect balance, E at collapse. GShard (Lepikhin et al. 2021, section 2.2, up to a constant), Switch (Fedus et al.
     * 2022, equation 4), GLaM; in code mesh-tensorflow, DeepSpeed's top-1 and top-2, Tutel, ST-MoE.
     */
    FIRST_CHOICE,
    /** The sum over all K choices: K at perfect balance. Hugging Face's Mixtral. */
    ALL_CHOICES,
    /** The mean over all K choices: 1 at perfect balance. MegaBlocks, DBRX, DeepSpeed's top-k. */
    MEAN_CHOICE
}
