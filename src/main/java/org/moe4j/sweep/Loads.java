package org.moe4j.sweep;

import java.util.List;

import org.moe4j.experts.RoutingStatistics;

/** Figures of the experts' load over all mixture layers of a model. */
final class Loads {
    private Loads() {}

    /** The mean over layers of the largest over the mean load; NaN without such layers. */
    static double imbalance(List<RoutingStatistics> layers) {
        return layers.stream().mapToDouble(RoutingStatistics::maxOverMeanLoad).average().orElse(Double.NaN);
    }

    /** The mean over layers of the share of experts in use; NaN without such layers. */
    static double usage(List<RoutingStatistics> layers) {
        return layers.stream().mapToDouble(s -> s.usagePercent() / 100).average().orElse(Double.NaN);
    }

    /** The load of each expert of the first mixture layer, as a share of all; empty without such a layer. */
    static double[] shares(List<RoutingStatistics> layers) {
        if (layers.isEmpty()) {
            return new double[0];
        }
        long[] tokens = layers.getFirst().load();
        double sum = 0;
        for (long n : tokens) {
            sum += n;
        }
        double[] shares = new double[tokens.length];
        for (int e = 0; e < shares.length; e++) {
            shares[e] = tokens[e] / sum;
        }
        return shares;
    }
}
