package org.moe4j.sweep;

import org.moe4j.data.DataSpec;
import org.moe4j.model.ModelSpec;
import org.moe4j.train.TrainingSpec;

/**
 * Everything that decides a trial's result.
 *
 * @param label the arm's, as in charts
 * @param architecture the family: dense, MoE, PKM or PEER
 * @param granularity G, 0 where there is none
 * @param seed of the weights, the batches and the noise
 */
public record TrialSpec(String label, String architecture, int granularity, ModelSpec model, TrainingSpec training, DataSpec data, long seed) {}
