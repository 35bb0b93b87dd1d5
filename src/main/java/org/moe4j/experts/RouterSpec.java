package org.moe4j.experts;

import org.moe4j.nn.Init;

/**
 * A router as a value: what it takes to build one, and what it costs without building it. Implemented by a record {@code Spec}
 * inside the router's file; that file alone makes the router known to specs, sweeps, cost tables and gradient checks.
 */
public interface RouterSpec {
    /** E. */
    int experts();

    /** The same router choosing {@code perToken} of {@code experts} experts: how a sweep cuts the experts finer. */
    RouterSpec withExperts(int experts, int perToken);

    Router build(int dim, Init init);

    /** Trained parameters at model width D = {@code dim}. */
    long parameters(int dim);

    /** FLOPs of routing a batch, forward, as counted by {@link org.moe4j.autodiff.Cost}. */
    long flops(int dim, int tokens);

    /** How many (token, expert) pairs the experts compute for a batch; the most there can be where capacity drops some. */
    long slots(int tokens);
}
