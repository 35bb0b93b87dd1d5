/**
 * Benchmarks: one JMH class a kernel or step, each reporting its work in {@link org.moe4j.bench.Work}; {@link org.moe4j.bench.BenchTable} runs them
 * and sets their rates beside what the machine can do ({@link org.moe4j.bench.PeakBench}). Started by {@code experiments/run bench}.
 */
package org.moe4j.bench;
