package org.moe4j.bench;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

import org.openjdk.jmh.results.RunResult;

/**
 * What the machine can do with so many threads, a second.
 *
 * @param flops of fused multiply-adds in registers
 * @param copy bytes read and written in copying far more than the caches hold
 * @param cacheCopy the same within a core's cache
 * @param rows bytes read in rows of 1 KiB all over a table of 1 GiB
 */
public record Peaks(double flops, double copy, double cacheCopy, double rows) {
    /** From the best iterations of {@link PeakBench}, each of whose callers did the work of one. */
    static Peaks of(Collection<RunResult> runs) {
        Map<String, Double> calls = new HashMap<>();
        for (RunResult run : runs) {
            calls.put(run.getPrimaryResult().getLabel(), run.getParams().getThreads() / run.getPrimaryResult().getStatistics().getMin());
        }
        return new Peaks(PeakBench.FLOPS * calls.get("fusedMultiplyAdd"), PeakBench.COPIED * calls.get("copy"),
            PeakBench.COPIED_IN_CACHE * calls.get("cacheCopy"), PeakBench.GATHERED * calls.get("randomRows"));
    }
}
