/**
 * What a model costs before anything is allocated: parameters and FLOPs by formula ({@link org.moe4j.cost.ModelCost}), memory
 * by running a step on the back end that computes nothing ({@link org.moe4j.cost.MemoryPlan}).
 */
package org.moe4j.cost;
