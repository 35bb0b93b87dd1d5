package org.moe4j.nn;

import org.moe4j.tensor.CounterRandom;

/**
 * What a forward pass knows beside its input. Tokens are batch-major rows: token t of sequence b is row b·time + t.
 *
 * @param batch the number of sequences, B
 * @param time the length of each, so that there are B·time tokens
 * @param training whether noise, dropout and batch statistics are on
 * @param random the numbers of this step; each layer takes its own with {@link #random(String)}
 * @param keep for each token whether it is text (false is padding, which balance losses leave out); null if all are
 * @param domains for each sequence the number of its domain; null if unknown
 * @param tokens the token ids, one for each row, which a model adds for routers that look at them; null outside a model
 */
public record Pass(int batch, int time, boolean training, CounterRandom random, boolean[] keep, int[] domains, int[] tokens) {
    public Pass {
        if (keep != null && keep.length != batch * time) {
            throw new IllegalArgumentException("pass: the padding mask has " + keep.length + " places for " + batch + " x " + time + " tokens");
        }
        if (domains != null && domains.length != batch) {
            throw new IllegalArgumentException("pass: " + domains.length + " domains for " + batch + " sequences");
        }
        if (tokens != null && tokens.length != batch * time) {
            throw new IllegalArgumentException("pass: " + tokens.length + " token ids for " + batch + " x " + time + " tokens");
        }
    }

    /** A pass of step {@code step} of a training run with this seed. */
    public static Pass training(int batch, int time, long seed, long step) {
        return new Pass(batch, time, true, CounterRandom.of(seed, "pass").at(step), null, null, null);
    }

    /** A pass without noise. */
    public static Pass evaluation(int batch, int time) {
        return new Pass(batch, time, false, CounterRandom.of(0, "evaluation"), null, null, null);
    }

    public Pass withDomains(int... domains) {
        return new Pass(batch, time, training, random, keep, domains, tokens);
    }

    public Pass withKeep(boolean... keep) {
        return new Pass(batch, time, training, random, keep, domains, tokens);
    }

    public Pass withTokens(int... tokens) {
        return new Pass(batch, time, training, random, keep, domains, tokens);
    }

    /** The same pass over the positions {@code from} to {@code to} of each sequence alone. */
    public Pass positions(int from, int to) {
        boolean[] kept = keep == null ? null : new boolean[batch * (to - from)];
        int[] ids = tokens == null ? null : new int[batch * (to - from)];
        for (int b = 0; b < batch; b++) {
            if (keep != null) {
                System.arraycopy(keep, b * time + from, kept, b * (to - from), to - from);
            }
            if (tokens != null) {
                System.arraycopy(tokens, b * time + from, ids, b * (to - from), to - from);
            }
        }
        return new Pass(batch, to - from, training, random, kept, domains, ids);
    }

    /** The random numbers of one layer in this pass. */
    public CounterRandom random(String purpose) {
        return CounterRandom.of(random.key(), purpose);
    }
}
