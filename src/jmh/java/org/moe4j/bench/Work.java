package org.moe4j.bench;

import org.moe4j.autodiff.Cost;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What the calls of a benchmark did, counted beside their number; JMH gives each as a rate. What stays 0 is left out of the table. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
    /** Floating-point operations as {@link Cost} counts them. */
    public long flops;
    /** Bytes read and written, each once. */
    public long bytes;
    /** Rows of a table, where they are taken at random: their bytes are measured against random row gathering. */
    public long rows;
    /** Tokens trained on. */
    public long tokens;
}
