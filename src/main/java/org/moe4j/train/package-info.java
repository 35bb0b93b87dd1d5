/**
 * Training: {@link org.moe4j.train.Optimizer}s and {@link org.moe4j.train.Schedule}s, clipping, and the
 * {@link org.moe4j.train.Trainer} that goes one way from batch to loss to gradients to step, and resumes from a
 * {@link org.moe4j.train.Checkpoint} with the same bits. What to do is a {@link org.moe4j.train.TrainingSpec},
 * how a paper does it a {@link org.moe4j.train.Recipe}; what happened is a {@link org.moe4j.train.StepMetrics} a step, handed to a listener. Start with Trainer.
 */
package org.moe4j.train;
