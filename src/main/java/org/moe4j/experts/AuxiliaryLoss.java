package org.moe4j.experts;

import org.moe4j.autodiff.Variable;

/**
 * A term added to the training loss.
 *
 * @param name such as "importance", "load", "balance" or "z"
 * @param value the scalar before weighting
 * @param weight what it is multiplied by in the total
 */
public record AuxiliaryLoss(String name, Variable value, double weight) {}
