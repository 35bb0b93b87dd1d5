package org.moe4j.experts;

import java.util.Arrays;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How often a layer sends a token where it sent the token before it, by domain (Jiang et al. 2024, Mixtral, table 5): to the same first
 * choice, or to any of the same experts ("first or second" with two). Under random routing of k of n experts the one is 1/n, the other
 * 1 - C(n-k,k) / C(n,k): {@link #expected}.
 */
public final class RoutingRepetition {
    private final int[] lastToken;                                                // (E): the token, numbered over all batches, that an expert last had
    private final SortedMap<Integer, Counts> byDomain = new TreeMap<>();
    private int firstToken;

    private static final class Counts {
        private long pairs;
        private long first;
        private long any;
    }

    /** @param experts E */
    public RoutingRepetition(int experts) {
        lastToken = new int[experts];
        Arrays.fill(lastToken, -1);
    }

    /**
     * Counts the pairs of neighbours in one more batch; its tape must still be open. A token's first choice is its expert of the largest
     * gate; a token without an expert repeats nothing.
     *
     * @param domains for each sequence of the batch the number of its domain
     */
    public void add(Routing routing, int... domains) {
        int time = routing.tokens() / domains.length;
        int[] chosen = routing.expert().toArray();
        int[][] slots = slots(routing, chosen);
        double[] gates = routing.gates().value().toDoubles();
        int before = -1;
        for (int token = 0; token < routing.tokens(); token++) {
            int first = -1;
            boolean shares = false;
            for (int slot : slots[token]) {
                int expert = chosen[slot];
                first = first < 0 || gates[slot] > gates[first] ? slot : first;
                shares |= lastToken[expert] == firstToken + token - 1;
            }
            for (int slot : slots[token]) {
                lastToken[chosen[slot]] = firstToken + token;
            }
            int choice = first < 0 ? -1 : chosen[first];
            if (token % time > 0) {
                Counts counts = byDomain.computeIfAbsent(domains[token / time], domain -> new Counts());
                counts.pairs++;
                counts.first += choice >= 0 && choice == before ? 1 : 0;
                counts.any += shares ? 1 : 0;
            }
            before = choice;
        }
        firstToken += routing.tokens() + 1;                                       // no token of this batch is before one of the next
    }

    /** The slots of each token that take part. */
    private static int[][] slots(Routing routing, int[] chosen) {
        int[] count = new int[routing.tokens()];
        for (int s = 0; s < routing.slots(); s++) {
            count[routing.tokenOf(s)] += chosen[s] < 0 ? 0 : 1;
        }
        int[][] slots = new int[routing.tokens()][];
        Arrays.setAll(slots, token -> new int[count[token]]);
        for (int s = routing.slots() - 1; s >= 0; s--) {
            if (chosen[s] >= 0) {
                slots[routing.tokenOf(s)][--count[routing.tokenOf(s)]] = s;
            }
        }
        return slots;
    }

    /** The share of tokens with the first choice of the token before, 0 to 1; NaN before any. */
    public double first() {
        return (double) byDomain.values().stream().mapToLong(c -> c.first).sum() / pairs();
    }

    /** The share of tokens with any expert of the token before, 0 to 1; NaN before any. */
    public double any() {
        return (double) byDomain.values().stream().mapToLong(c -> c.any).sum() / pairs();
    }

    /** The domains that had a pair of neighbours. */
    public Set<Integer> domains() {
        return byDomain.keySet();
    }

    /** {@link #first()} in one of the {@link #domains()}. */
    public double first(int domain) {
        return (double) byDomain.get(domain).first / byDomain.get(domain).pairs;
    }

    /** {@link #any()} in one of the {@link #domains()}. */
    public double any(int domain) {
        return (double) byDomain.get(domain).any / byDomain.get(domain).pairs;
    }

    private long pairs() {
        return byDomain.values().stream().mapToLong(c -> c.pairs).sum();
    }

    /** 1 - C(n-k,k) / C(n,k): how often two random choices of k of n experts have one in common. */
    public static double expected(int experts, int perToken) {
        double none = 1;
        for (int i = 0; i < perToken; i++) {
            none *= Math.max(0, (double) (experts - perToken - i) / (experts - i));
        }
        return 1 - none;
    }
}
