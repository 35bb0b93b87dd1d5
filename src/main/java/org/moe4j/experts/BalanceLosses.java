package org.moe4j.experts;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Balance losses as pure functions of what a router computed. {@code keep} (T) is false for padding, which no loss counts;
 * null if there is none.
 */
public final class BalanceLosses {
    private BalanceLosses() {}

    /** Importance(X) = sum over tokens of G(x): the gate weight that each expert got, (E). Shazeer et al. 2017, equation 6. */
    public static Variable importance(Tape t, Routing routing, boolean[] keep) {
        IntStorage expert = routing.expert();
        if (keep != null) {
            int[] chosen = expert.toArray();
            Arrays.setAll(chosen, s -> keep[routing.tokenOf(s)] ? chosen[s] : -1);
            expert = IntStorage.of(chosen);
        }
        Variable byRow = t.scatterRows(t.reshape(routing.gates(), routing.slots(), 1), expert, routing.experts());
        return t.reshape(byRow, routing.experts());
    }

    /**
     * P(x,i) = Φ((clean_i - threshold_i) / spread_i), (T,E): the probability that expert i is among the top K if its noise alone is
     * drawn again (Shazeer et al. 2017, equations 8 and 9). The threshold is the K-th largest of the other noisy logits.
     *
     * @param clean (T,E) logits without noise
     * @param spread (T,E) the noise's standard deviation
     * @param top the K+1 largest noisy logits of each token
     */
    public static Variable probabilityInTopK(Tape t, Variable clean, Variable spread, Ranked top) {
        int k = top.values().shape().columns() - 1;
        int experts = clean.shape().columns();
        IntStorage chosen = firstColumns(t, top.indices(), k + 1, k);
        IntStorage other = t.ints(Math.toIntExact(clean.shape().size()));
        // for one of the top K the others' K-th largest is the (K+1)-th of all
        t.backend().markColumns(chosen, clean.shape().rows(), experts, k, k, k - 1, other);
        Variable threshold = t.gatherColumns(top.values(), other, experts);        // (T, E)
        return t.normalCdf(t.divide(t.subtract(clean, threshold), spread));
    }

    /** Load(X) = sum over tokens of P(x,·), (E): a count of tokens with a gradient. Shazeer et al. 2017, equation 10. */
    public static Variable load(Tape t, Variable clean, Variable spread, Ranked top, boolean[] keep) {
        return t.sum(masked(t, probabilityInTopK(t, clean, spread, top), keep), 0);
    }

    /**
     * Load_H(X)_ij = Load_prim(X)_i Load_i(X^(i))_j / |X^(i)|, (a·b), where X^(i) are the tokens that chose group i: the load of two levels,
     * with a gradient into both (Shazeer et al. 2017, appendix B). A group without tokens has load 0.
     *
     * @param primary (a) Load_prim, the load of the groups
     * @param probability (R,b) for each pair of a token and a group of its choice P(x,j) within that group
     * @param group (R) the group of each pair, -1 for padding
     */
    public static Variable hierarchicalLoad(Tape t, Variable primary, Variable probability, int[] group) {
        int groups = primary.shape().columns();
        double[] size = new double[groups];                                        // |X^(i)|
        Arrays.stream(group).filter(i -> i >= 0).forEach(i -> size[i]++);
        double[] share = Arrays.stream(size).map(n -> 1 / Math.max(1, n)).toArray();
        Variable within = t.scatterRows(probability, group, groups);               // (a, b)
        Variable scale = t.multiply(primary, t.constant(Shape.of(groups), share));
        return t.reshape(t.multiply(within, t.reshape(scale, groups, 1)), -1);
    }

    /**
     * CV(v)² = variance / (mean² + 1e-10) with the population variance, as in the authors' code; the importance loss of the
     * importance, the load loss of the load (Shazeer et al. 2017, equations 7 and 11).
     */
    public static Variable squaredVariation(Tape t, Variable v) {
        return t.squaredCoefficientOfVariation(v, false);
    }

    /** The same with the sample variance (divided by E - 1): Tutel, and the widespread PyTorch port of the 2017 layer. */
    public static Variable squaredSampleVariation(Tape t, Variable v) {
        return t.squaredCoefficientOfVariation(v, true);
    }

    /**
     * The loss of {@link Balance}, E · sum over e of f_e P_e, averaged over groups of consecutive tokens.
     *
     * @param p (T,E) probabilities
     * @param chosen (T,K) experts in the order of choice, before capacity drops any; a negative one isn't counted
     * @param groupSize tokens of a group: T for one group, the sequence length where code reduces over each sequence (lucidrains)
     */
    public static Variable balance(Tape t, Balance convention, Variable p, IntStorage chosen, int groupSize, boolean[] keep) {
        int tokens = p.shape().rows();
        int experts = p.shape().columns();
        int groups = tokens / groupSize;
        int k = chosen.length() / tokens;
        double[] scale = new double[groups];
        Arrays.setAll(scale, g -> {
            double kept = keep == null ? groupSize : IntStream.range(g * groupSize, (g + 1) * groupSize).filter(token -> keep[token]).count();
            return experts / (Math.max(1, kept * kept) * groups * (convention == Balance.MEAN_CHOICE ? k : 1));
        });
        Variable factor = t.filled(Shape.of(groups, experts), 0);                 // E f_e / (tokens of the group · groups)
        t.backend().countInts(counted(t, convention, chosen, k, keep), scale, experts, factor.data());
        Variable byGroup = t.reshape(t.sum(t.reshape(masked(t, p, keep), groups, groupSize, experts), 1), groups, experts);
        return t.sum(t.multiply(byGroup, factor));
    }

    /** The choices (T,·) that a convention counts, -1 in the rows of padding. */
    private static IntStorage counted(Tape t, Balance convention, IntStorage chosen, int k, boolean[] keep) {
        IntStorage counted = kept(chosen, k, keep);
        return convention == Balance.FIRST_CHOICE && k > 1 ? firstColumns(t, counted, k, 1) : counted;
    }

    /** The experts (T,K) of tokens that are no padding, -1 for the others. */
    static IntStorage kept(IntStorage expert, int k, boolean[] keep) {
        if (keep == null) {
            return expert;
        }
        int[] kept = expert.toArray();
        Arrays.setAll(kept, s -> keep[s / k] ? kept[s] : -1);
        return IntStorage.of(kept);
    }

    /** The first {@code few} of each {@code k} numbers. */
    static IntStorage firstColumns(Tape t, IntStorage numbers, int k, int few) {
        int rows = numbers.length() / k;
        IntStorage first = t.ints(rows * few);
        t.backend().copyInts(new int[] {rows, few}, numbers, new int[] {k, 1}, first);
        return first;
    }

    /** The loss over one group, the whole batch. */
    public static Variable balance(Tape t, Balance convention, Variable p, IntStorage chosen, boolean[] keep) {
        return balance(t, convention, p, chosen, p.shape().rows(), keep);
    }

    /** The same with experts that were chosen on the host. */
    public static Variable balance(Tape t, Balance convention, Variable p, int[] chosen, int groupSize, boolean[] keep) {
        return balance(t, convention, p, IntStorage.of(chosen), groupSize, keep);
    }

    public static Variable balance(Tape t, Balance convention, Variable p, int[] chosen, boolean[] keep) {
        return balance(t, convention, p, IntStorage.of(chosen), keep);
    }

    /**
     * The loss with the statistics of all layers pooled before they are multiplied, as Hugging Face's Mixtral trains: not the mean
     * of the layers' losses.
     *
     * @param layers routings without dropped slots, all with the same T, E and K
     */
    public static Variable balanceOverLayers(Tape t, Balance convention, List<Routing> layers, boolean[] keep) {
        Variable p = t.concat(0, layers.stream().map(Routing::probabilities).toList());
        int[] chosen = layers.stream().flatMapToInt(layer -> Arrays.stream(layer.expert().toArray())).toArray();
        boolean[] all = keep == null ? null : new boolean[keep.length * layers.size()];
        for (int i = 0; all != null && i < all.length; i++) {
            all[i] = keep[i % keep.length];
        }
        return balance(t, convention, p, chosen, all);
    }

    /** The z-loss, mean over tokens of (log sum exp of the logits)²: keeps logits small (ST-MoE, Zoph et al. 2022, equation 5). */
    public static Variable z(Tape t, Variable logits, boolean[] keep) {
        int kept = keep == null ? logits.shape().rows() : (int) IntStream.range(0, keep.length).filter(i -> keep[i]).count();
        Variable squares = t.reshape(t.square(t.logSumExp(logits)), -1, 1);
        return t.scale(t.sum(masked(t, squares, keep)), 1.0 / Math.max(1, kept));
    }

    /**
     * Tutel's load-importance loss, after V-MoE (Riquelme et al. 2021, appendix A): the mean of CV² of importance and load over
     * probabilities instead of logits, with the sample variance.
     *
     * @param noise (T,E) standard normal numbers; the logits of the choice have them times {@code deviation} / E added
     */
    public static Variable loadImportance(Tape t, Variable logits, Variable noise, double deviation, int k) {
        int experts = logits.shape().columns();
        double spread = deviation / experts;
        Variable p = t.softmax(logits);
        Variable noisy = t.softmax(t.add(logits, t.scale(noise, spread)));
        Variable threshold = t.slice(t.topK(noisy, k).values(), -1, k - 1, k);     // (T, 1)
        Variable load = t.sum(t.normalCdf(t.scale(t.subtract(p, threshold), 1 / spread)), 0);
        Variable both = t.add(squaredSampleVariation(t, t.sum(p, 0)), squaredSampleVariation(t, load));
        return t.scale(both, 0.5);
    }

    /** x (T,..) with the rows of padding set to 0. */
    private static Variable masked(Tape t, Variable x, boolean[] keep) {
        if (keep == null) {
            return x;
        }
        double[] ones = IntStream.range(0, keep.length).mapToDouble(i -> keep[i] ? 1 : 0).toArray();
        return t.multiply(x, t.constant(Shape.of(keep.length, 1), ones));
    }
}
