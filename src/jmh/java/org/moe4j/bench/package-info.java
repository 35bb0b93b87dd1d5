/**
 * Benchmarks of kernels and whole steps, started by {@code experiments/run bench}: {@link org.moe4j.bench.Catalog} lists each
 * {@link org.moe4j.bench.Work} with its sizes, {@link org.moe4j.bench.WorkBench} runs one of them in a JVM of its own, turn about with the
 * installed {@link org.moe4j.bench.Peer} programs, {@link org.moe4j.bench.PeakBench} measures what the machine can do, and
 * {@link org.moe4j.bench.BenchTable} sets all beside each other. {@link org.moe4j.bench.Scaling} draws curves with their expected laws,
 * {@link org.moe4j.bench.Profile} flame graphs.
 */
package org.moe4j.bench;
