package org.moe4j.train;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.moe4j.experts.Routing;

/**
 * How many tokens each expert of a layer got.
 *
 * @param tokens (E)
 * @param dropped choices that capacity refused
 */
public record ExpertLoad(long[] tokens, long dropped) {
    /** The load of one batch. */
    public static ExpertLoad of(Routing routing) {
        long[] tokens = new long[routing.experts()];
        for (int expert : routing.expert()) {
            if (expert >= 0) {
                tokens[expert]++;
            }
        }
        return new ExpertLoad(tokens, routing.dropped());
    }

    public ExpertLoad plus(ExpertLoad other) {
        long[] sum = tokens.clone();
        Arrays.setAll(sum, e -> sum[e] + other.tokens[e]);
        return new ExpertLoad(sum, dropped + other.dropped);
    }

    /** The share of experts that got any token. */
    public double usage() {
        return (double) LongStream.of(tokens).filter(n -> n > 0).count() / tokens.length;
    }

    /** The largest load over the mean; 1 is uniform, NaN if no token was routed. */
    public double imbalance() {
        return LongStream.of(tokens).max().orElse(0) / LongStream.of(tokens).average().orElse(Double.NaN);
    }
}
