package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;

/** The best of each row in descending order, and where they stood: values (..,k), indices (rows,k). */
public record Ranked(Variable values, int[] indices) {}
