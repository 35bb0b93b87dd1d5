/**
 * What the trials say, and how surely: means over seeds ({@link org.moe4j.analysis.SeedSummary}), the noise between seeds
 * ({@link org.moe4j.analysis.SeedNoise}), which arm is best by bootstrap ({@link org.moe4j.analysis.Ranking}), and the
 * granularity of least loss with its interval ({@link org.moe4j.analysis.GranularityFit}). These are computed from
 * {@link org.moe4j.sweep.TrialSummary} alone, and the same trials give the same numbers. What a published law says of the same
 * question at any budget is {@link org.moe4j.analysis.GranularityLaw}.
 */
package org.moe4j.analysis;
