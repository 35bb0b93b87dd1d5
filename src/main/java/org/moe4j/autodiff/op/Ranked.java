package org.moe4j.autodiff.op;

import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;

/** The best of each row in descending order, and where they stood: values (..,k), indices (rows,k). */
public record Ranked(Variable values, IntStorage indices) {}
