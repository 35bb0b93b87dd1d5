package org.moe4j.bench;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;

/** Operands to compute on. */
final class Numbers {
    private Numbers() {}

    /** Standard normal numbers, others for each purpose. */
    static Storage normals(Backend on, long n, String purpose) {
        Storage x = on.allocate(n);
        on.normal(CounterRandom.of(1, purpose), 1, x);
        return x;
    }
}
