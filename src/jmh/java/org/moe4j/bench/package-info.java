/**
 * Benchmarks of whole steps, and the table of all: each JMH class reports what it did in {@link org.moe4j.backend.simd.Work};
 * {@link org.moe4j.bench.BenchTable} runs them and sets their rates beside what the machine can do. Started by {@code experiments/run bench}.
 */
package org.moe4j.bench;
