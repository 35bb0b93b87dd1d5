package org.moe4j.analysis;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.io.InputException;

/**
 * The scaling law of fine-grained mixtures (Krajewski et al. 2024, equation 9), in nats per token:
 *
 * <pre>L(N, D, G) = c + (g / G^gamma + a) / N^alpha + b / D^beta</pre>
 *
 * with N all parameters but embeddings, D training tokens, and g = 0 for a dense model. What it says of the best granularity at a
 * budget is extrapolated from models of 3 to 85 million active parameters; {@link GranularityFit} is what one's own runs say.
 *
 * @param name      where the constants stand in the paper
 * @param expansion E, parameters of a mixture layer over those of one dense layer; 1 for a dense model
 */
public record GranularityLaw(String name, int expansion, double a, double alpha, double b, double beta, double g, double gamma, double c) {
    /** Table 1, E = 64. */
    public static final GranularityLaw MIXTURE = new GranularityLaw("table 1, E = 64", 64, 18.1, 0.115, 30.8, 0.147, 2.1, 0.58, 0.47);
    /** Table 5: fitted without the best fifth of the models. */
    public static final GranularityLaw HELD_OUT = new GranularityLaw("table 5, E = 64", 64, 17.6, 0.114, 26.7, 0.140, 2.07, 0.570, 0.472);
    /** Table 8, E = 16. */
    public static final GranularityLaw MIXTURE_16 = new GranularityLaw("table 8, E = 16", 16, 19.64, 0.124, 57.07, 0.169, 1.18, 0.986, 0.472);
    /** Table 1, dense. */
    public static final GranularityLaw DENSE = new GranularityLaw("table 1, dense", 1, 16.3, 0.126, 26.7, 0.127, 0, 0, 0.47);

    private static final double TRAINING_FLOPS_PER_WEIGHT = 6;                  // c_f
    private static final double ROUTING_FLOPS_PER_EXPERT = 14;                  // c_r, of each of d E G gate weights
    private static final int WIDTH_PER_BLOCK = 64;                              // d = 64 n_blocks
    private static final int FINEST = 1024;
    private static final double LEAST_ACTIVE = 1e4;
    private static final double MOST_ACTIVE = 1e15;
    private static final double TOLERANCE = 1e-8;                               // of the logarithm of a size

    /**
     * A model trained to the law.
     *
     * @param granularity G = d_ff / d_expert
     * @param active      N_act, active parameters without embeddings and routers
     * @param parameters  N, all without embeddings
     * @param tokens      D
     * @param flops       F of the training run, routing included
     * @param loss        nats per token
     */
    public record Point(int granularity, double active, double parameters, double tokens, double flops, double loss) {}

    /**
     * The constants fitted for an expansion rate.
     *
     * @throws InputException for one that the paper has no constants for
     */
    public static GranularityLaw of(int expansion) {
        return List.of(DENSE, MIXTURE_16, MIXTURE).stream().filter(law -> law.expansion == expansion).findFirst()
            .orElseThrow(() -> new InputException("expansion is " + expansion + "; the law has constants for 1 (dense), 16 and 64 alone"));
    }

    public boolean dense() {
        return g == 0;
    }

    /** L(N, D, G). */
    public double loss(double parameters, double tokens, double granularity) {
        double fine = dense() ? 0 : g / Math.pow(granularity, gamma);
        return c + (fine + a) / Math.pow(parameters, alpha) + b / Math.pow(tokens, beta);
    }

    /** N of a model with {@code active} parameters a token: (8 E + 4) / 12 of it, since attention is not multiplied. */
    public double parameters(double active) {
        return active * (8 * expansion + 4) / 12;
    }

    /** F = (12 d^2 c_f + d E G c_r) n_blocks for each token, in a model of the paper's proportions; a dense one has no router. */
    public double flopsPerToken(double active, double granularity) {
        double blocks = blocks(active);
        double width = WIDTH_PER_BLOCK * blocks;
        double routing = dense() ? 0 : width * expansion * granularity * ROUTING_FLOPS_PER_EXPERT;
        return (12 * width * width * TRAINING_FLOPS_PER_WEIGHT + routing) * blocks;
    }

    /** The router's share of a block's FLOPs at width d, 0 to 1: 14 E G / (72 d + 14 E G). */
    public static double routerShare(double width, int expansion, double granularity) {
        double routing = ROUTING_FLOPS_PER_EXPERT * expansion * granularity;
        return routing / (12 * TRAINING_FLOPS_PER_WEIGHT * width + routing);
    }

    /** A model of a size, trained on so many tokens. */
    public Point at(int granularity, double active, double tokens) {
        return new Point(granularity, active, parameters(active), tokens, flopsPerToken(active, granularity) * tokens,
            loss(parameters(active), tokens, granularity));
    }

    /** The size and the tokens of least loss for a budget at one granularity. */
    public Point best(double flops, int granularity) {
        double size = Brent.minimum(log -> spending(flops, granularity, Math.exp(log)).loss, Math.log(LEAST_ACTIVE), Math.log(MOST_ACTIVE), TOLERANCE);
        return spending(flops, granularity, Math.exp(size));
    }

    /** The least loss for a budget over granularities that are powers of two; a dense model has but one. */
    public Point best(double flops) {
        return IntStream.iterate(1, G -> G <= (dense() ? 1 : FINEST), G -> 2 * G).mapToObj(G -> best(flops, G))
            .min(Comparator.comparingDouble(Point::loss)).orElseThrow();
    }

    /** The budget for which a model of this size is best, and that model: how the paper's tables are arranged. */
    public Point bestOfSize(double active) {
        double low = 1;                                                         // of log F: the best size grows with the budget
        double high = 120;
        while (high - low > TOLERANCE) {
            double middle = (low + high) / 2;
            if (best(Math.exp(middle)).active < active) low = middle; else high = middle;
        }
        return best(Math.exp(high));
    }

    /** How many times the FLOPs of {@code point} this law's best model needs to reach the same loss. */
    public double computeToMatch(Point point) {
        double low = 1;
        double high = 200;
        while (high - low > TOLERANCE) {
            double middle = (low + high) / 2;
            if (best(Math.exp(middle)).loss > point.loss) low = middle; else high = middle;
        }
        return Math.exp(high) / point.flops;
    }

    /** n_blocks, not rounded, of N_act = 12 d^2 n_blocks with d = 64 n_blocks. */
    private static double blocks(double active) {
        return Math.cbrt(active / (12.0 * WIDTH_PER_BLOCK * WIDTH_PER_BLOCK));
    }

    private Point spending(double flops, int granularity, double active) {
        return at(granularity, active, flops / flopsPerToken(active, granularity));
    }
}
