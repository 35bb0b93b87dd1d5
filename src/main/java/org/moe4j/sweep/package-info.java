/**
 * Races at equal training FLOPs. A {@link org.moe4j.sweep.SweepSpec} is expanded into {@link org.moe4j.sweep.Arm}s and, with
 * seeds, into trials; a {@link org.moe4j.sweep.Trial} is a pure function of its spec; {@link org.moe4j.sweep.SweepRunner} runs
 * what is not in the {@link org.moe4j.sweep.ResultStore} yet, which is all there is to resuming.
 */
package org.moe4j.sweep;
