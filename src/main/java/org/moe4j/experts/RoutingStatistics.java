package org.moe4j.experts;

import java.util.Arrays;

/**
 * What the routings of one layer looked like, summed over batches: how evenly the experts are used, how sure the router is, what
 * capacity refused. Adding a routing allocates nothing of the size of the bank.
 */
public final class RoutingStatistics {
    private final long[] load;
    private final double[] importance;
    private long tokens;
    private long unrouted;
    private long dropped;
    private double entropy;

    /** @param experts E */
    public RoutingStatistics(int experts) {
        load = new long[experts];
        importance = new double[experts];
    }

    public static RoutingStatistics of(Routing routing) {
        RoutingStatistics statistics = new RoutingStatistics(routing.experts());
        statistics.add(routing);
        return statistics;
    }

    /** Counts one more batch; its tape must still be open. */
    public void add(Routing routing) {
        int[] expert = routing.expert().toArray();
        double[] gates = routing.gates().value().toDoubles();
        double[] sum = new double[routing.tokens()];
        double[] weighted = new double[routing.tokens()];                          // sum of g log g over the token's slots
        int[] slots = new int[routing.tokens()];
        for (int s = 0; s < gates.length; s++) {
            int e = expert[s];
            if (e >= 0) {
                int token = routing.tokenOf(s);
                load[e]++;
                importance[e] += gates[s];
                slots[token]++;
                sum[token] += gates[s];
                weighted[token] += xLogX(gates[s]);
            }
        }
        tokens += routing.tokens();
        dropped += routing.dropped();
        unrouted += Arrays.stream(slots).filter(n -> n == 0).count();
        if (routing.probabilities() != null) {
            for (double p : routing.probabilities().value().toDoubles()) {
                entropy -= xLogX(p);
            }
        } else {
            for (int token = 0; token < sum.length; token++) {
                entropy += sum[token] > 0 ? Math.log(sum[token]) - weighted[token] / sum[token] : 0;
            }
        }
    }

    /** Counts what {@code other} counted. */
    public void add(RoutingStatistics other) {
        if (other.load.length != load.length) {
            throw new IllegalArgumentException("statistics of " + other.load.length + " experts cannot be added to those of " + load.length);
        }
        Arrays.setAll(load, e -> load[e] + other.load[e]);
        Arrays.setAll(importance, e -> importance[e] + other.importance[e]);
        tokens += other.tokens;
        unrouted += other.unrouted;
        dropped += other.dropped;
        entropy += other.entropy;
    }

    /** Starts again from nothing. */
    public void clear() {
        Arrays.fill(load, 0);
        Arrays.fill(importance, 0);
        tokens = 0;
        unrouted = 0;
        dropped = 0;
        entropy = 0;
    }

    /** E. */
    public int experts() {
        return load.length;
    }

    public long tokens() {
        return tokens;
    }

    /** Tokens that reached no expert. */
    public long unroutedTokens() {
        return unrouted;
    }

    /** (token, expert) pairs that were computed for each expert, (E). */
    public long[] load() {
        return load.clone();
    }

    /** The sum of the gate weights that each expert got, (E): z' of He 2024, table 2. */
    public double[] importance() {
        return importance.clone();
    }

    /** Choices that capacity refused. */
    public long dropped() {
        return dropped;
    }

    /** The refused share of all choices, 0 .. 1. */
    public double droppedShare() {
        long choices = dropped + Arrays.stream(load).sum();
        return choices == 0 ? 0 : (double) dropped / choices;
    }

    /** Experts that no token reached. */
    public int unusedExperts() {
        return (int) Arrays.stream(load).filter(n -> n == 0).count();
    }

    /** Look-ups for each expert on average: usage comes near 100 % only where they are many times log E, however even the router is. */
    public double lookUpsPerExpert() {
        return (double) Arrays.stream(load).sum() / experts();
    }

    /** The percentage of experts with some gate weight: "expert usage" of He 2024, table 2. */
    public double usagePercent() {
        return 100.0 * Arrays.stream(importance).filter(z -> z > 0).count() / experts();
    }

    /** KL(z || uniform) = log E + sum z log z in nats, z being the share of gate weight: "unevenness" of He 2024, table 2. NaN before any. */
    public double unevenness() {
        double total = Arrays.stream(importance).sum();
        return Math.log(experts()) + Arrays.stream(importance).map(z -> xLogX(z / total)).sum();
    }

    /**
     * The unevenness of so many look-ups had they been drawn evenly, (E - 1) / 2S in nats for S of them (half a chi-squared's mean): a part
     * of {@link #unevenness} that is chance, and as good as none where look-ups for each expert are many. Infinite before any.
     */
    public double unevennessOfChance() {
        return (experts() - 1) / (2.0 * Arrays.stream(load).sum());
    }

    /** max(load) / mean(load), 1 at perfect balance; NaN before any. */
    public double maxOverMeanLoad() {
        return Arrays.stream(load).max().orElse(0) * (double) experts() / Arrays.stream(load).sum();
    }

    /** The coefficient of variation of the load over experts, with the population variance; NaN before any. */
    public double loadVariation() {
        return variation(Arrays.stream(load).asDoubleStream().toArray());
    }

    /** The coefficient of variation of the importance over experts, with the population variance; NaN before any. */
    public double importanceVariation() {
        return variation(importance);
    }

    /**
     * The mean entropy in nats of a token's distribution over experts: of the router's probabilities, or where it has none
     * (product keys) of the token's gates divided by their sum. NaN before any.
     */
    public double meanEntropy() {
        return entropy / tokens;
    }

    private static double variation(double[] x) {
        double mean = Arrays.stream(x).sum() / x.length;
        return Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / x.length) / mean;
    }

    private static double xLogX(double x) {
        return x > 0 ? x * Math.log(x) : 0;
    }
}
