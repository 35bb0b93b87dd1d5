package org.moe4j.sweep;

import java.util.stream.Stream;

import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.model.ModelSpec;

/** The banks of experts in a model, by their routers. */
final class Banks {
    private Banks() {}

    /** From the first layer that has one to the last. */
    static Stream<RouterSpec> routers(ModelSpec model) {
        return model.feedForwards().stream().flatMap(layer -> switch (layer) {
            case MixtureOfExperts.Spec mixture -> Stream.of(mixture.router());
            case MemoryPlusFeedForward.Spec memory -> Stream.of(memory.router());
            default -> Stream.empty();
        });
    }

    /** Experts of the largest; 0 for a dense model. */
    static int most(ModelSpec model) {
        return routers(model).mapToInt(RouterSpec::experts).max().orElse(0);
    }
}
