package org.moe4j.backend.simd;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a benchmark did, shown by JMH as a rate a second beside its own. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
    /** Floating point operations, a multiply-add being two. */
    public long flops;
    /** Bytes read and written, each once. */
    public long bytes;
}
