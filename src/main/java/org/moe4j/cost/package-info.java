/**
 * What a model costs before anything is allocated: parameters and FLOPs by formula, part by part ({@link org.moe4j.cost.Ledger}), memory of a
 * training step by running one on the back end that computes nothing ({@link org.moe4j.cost.MemoryPlan}), and the electricity that so many
 * FLOPs take ({@link org.moe4j.cost.Energy}) on a {@link org.moe4j.cost.Chip}.
 */
package org.moe4j.cost;
