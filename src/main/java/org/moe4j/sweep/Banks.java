package org.moe4j.sweep;

import org.moe4j.experts.RouterSpec;
import org.moe4j.model.ModelSpec;

/** The banks of experts in a model. */
final class Banks {
    private Banks() {}

    /** Experts of the largest; 0 for a dense model. */
    static int most(ModelSpec model) {
        return model.routers().mapToInt(RouterSpec::experts).max().orElse(0);
    }
}
