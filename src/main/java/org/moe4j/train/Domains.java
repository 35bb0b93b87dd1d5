package org.moe4j.train;

import java.util.Arrays;
import java.util.function.LongFunction;

import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.experts.RandomRouter;
import org.moe4j.model.ModelSpec;

/**
 * Fits a text's domains to a model whose routers have a group of experts for each: with more domains than groups, domain d goes with
 * group d mod the number of groups.
 *
 * @param groups the least of any router; 0 if none has groups
 */
public record Domains(int groups) {
    public static Domains of(ModelSpec model) {
        return new Domains(model.routers().mapToInt(router -> router instanceof RandomRouter.Spec random ? random.groups().size() : 0)
            .filter(n -> n > 0).min().orElse(0));
    }

    public LongFunction<Batch> of(LongFunction<Batch> batches) {
        return groups == 0 ? batches : number -> of(batches.apply(number));
    }

    public Validation of(Validation slice) {
        return groups == 0 ? slice : new Validation(slice.batches().stream().map(this::of).toList(), slice.tokens(), slice.bytes());
    }

    private Batch of(Batch b) {
        return new Batch(b.batch(), b.time(), b.tokens(), b.targets(), Arrays.stream(b.domains()).map(d -> d % groups).toArray());
    }
}
