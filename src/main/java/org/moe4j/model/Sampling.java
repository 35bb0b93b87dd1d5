package org.moe4j.model;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;

/**
 * How the next token is chosen from its logits.
 *
 * @param temperature what logits are divided by; 0 always takes the likeliest token
 * @param topP draws among the fewest likeliest tokens whose probabilities sum to this (Holtzman et al. 2020, section 3.1); 1 draws among all
 * @param seed of the draws: the same seed and logits give the same tokens
 */
public record Sampling(double temperature, double topP, long seed) {
    /** Always the likeliest token. */
    public static final Sampling GREEDY = new Sampling(0, 1, 0);

    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new InputException("temperature is " + temperature + ", it has to be at least 0");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new InputException("topP is " + topP + ", it has to be above 0 and at most 1");
        }
    }

    /**
     * The token after those that have these logits, of equally likely ones the first.
     *
     * @param place the number of the draw
     */
    public int next(double[] logits, long place) {
        int[] byLogit = IntStream.range(0, logits.length).boxed().sorted((a, b) -> Double.compare(logits[b], logits[a])).mapToInt(token -> token).toArray();
        if (temperature == 0) {
            return byLogit[0];
        }
        double[] p = Arrays.stream(byLogit).mapToDouble(token -> Math.exp((logits[token] - logits[byLogit[0]]) / temperature)).toArray();
        double all = Arrays.stream(p).sum();
        int kept = 0;
        double sum = 0;
        while (kept < p.length && sum < topP * all) {
            sum += p[kept++];
        }
        double left = CounterRandom.of(seed, "sampling").uniform(place) * sum;
        for (int i = 0; i < kept; i++) {
            left -= p[i];
            if (left < 0) {
                return byLogit[i];
            }
        }
        return byLogit[kept - 1];
    }
}
