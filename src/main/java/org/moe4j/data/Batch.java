package org.moe4j.data;

import java.util.Arrays;

/**
 * B sequences of T tokens. Rows are batch-major: token t of sequence b is at b·T + t.
 *
 * @param batch B
 * @param time T
 * @param tokens (B·T) what the model sees
 * @param targets (B·T) the token that follows each
 * @param domains (B) the number of each sequence's domain
 */
public record Batch(int batch, int time, int[] tokens, int[] targets, int[] domains) {
    /** Checks the lengths. */
    public Batch {
        if (tokens.length != batch * time || targets.length != batch * time || domains.length != batch) {
            throw new IllegalArgumentException("batch of " + batch + " x " + time + " tokens: given " + tokens.length + " tokens, "
                    + targets.length + " targets and " + domains.length + " domains");
        }
    }

    /** The same sequences as ones of another domain. */
    public Batch ofDomain(int domain) {
        int[] other = new int[batch];
        Arrays.fill(other, domain);
        return new Batch(batch, time, tokens, targets, other);
    }

    /** The sequences that start at the given places.
     *
     *  @param streams the tokens of each domain */
    static Batch of(char[][] streams, int[] domains, int[] starts, int time) {
        int[] tokens = new int[domains.length * time];
        int[] targets = new int[tokens.length];
        for (int b = 0; b < domains.length; b++) {
            char[] stream = streams[domains[b]];
            for (int t = 0; t < time; t++) {
                tokens[b * time + t] = stream[starts[b] + t];
                targets[b * time + t] = stream[starts[b] + t + 1];
            }
        }
        return new Batch(domains.length, time, tokens, targets, domains);
    }
}
