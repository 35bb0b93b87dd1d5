package org.moe4j.experts;

import org.moe4j.nn.Init;

/**
 * A router as a value: what it takes to build one, and what it costs without building it. Implemented by a record {@code Spec}
 * inside the router's file; that file alone makes the router known to specs, sweeps, cost tables and gradient checks (see
 * {@link SpecCatalog}). The record has a constructor without arguments: the paper's options at a size that runs in a test.
 */
public interface RouterSpec {
    /** E. */
    int experts();

    /** K: how many experts work for one token; the mean where that differs between tokens, the most where capacity drops some. */
    double perToken();

    /** The same router choosing {@code perToken} of {@code experts} experts: how a sweep cuts the experts finer. */
    RouterSpec withExperts(int experts, int perToken);

    /** The same router over fewer experts: {@code most}, or as many as it has; a token then has at most half of them. */
    default RouterSpec atMost(int most) {
        return most >= experts() ? this : withExperts(most, (int) Math.max(1, Math.min(Math.round(perToken()), most / 2)));
    }

    Router build(int dim, Init init);

    /** Trained parameters at model width D = {@code dim}; unless said otherwise those of one linear gate, W (E,D). */
    default long parameters(int dim) {
        return (long) experts() * dim;
    }

    /** Those that one token uses; all of them unless said otherwise. */
    default long activeParameters(int dim) {
        return parameters(dim);
    }

    /** FLOPs of routing a batch in training, forward, as counted by {@link org.moe4j.autodiff.Cost}; unless said otherwise those of W x. */
    default long flops(int dim, int tokens) {
        return 2L * tokens * dim * experts();
    }

    /** How many (token, expert) pairs the experts compute for a batch; the most there can be where capacity drops some. */
    default long slots(int tokens) {
        return Math.round(perToken() * tokens);
    }
}
