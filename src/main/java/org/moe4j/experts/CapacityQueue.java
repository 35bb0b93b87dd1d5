package org.moe4j.experts;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Who finds a place in the experts' buffers. Choices are (T,K) in the order of tokens, {@code chosen} their experts; a choice that
 * stands at {@code capacity} or later is dropped.
 *
 * @param capacity C, the places of each buffer
 * @param position (T,K) where each choice stands in the queue of its expert; -1 if it doesn't queue at all
 */
public record CapacityQueue(int capacity, int[] position) {
    /**
     * First choices of a whole group queue before second choices, and so on (GShard, Lepikhin et al. 2021, algorithm 1).
     *
     * @param wanted (T,K) which choices queue; null if all do
     * @param priority (T) who goes first within each level of choice, the largest; null for the order of tokens
     * @param groupSize tokens of a group, consecutive; each has buffers of its own
     * @param behindKept whether later choices queue behind the earlier ones that were kept, or behind all
     */
    public static CapacityQueue byChoice(int capacity, int experts, int k, int[] chosen, boolean[] wanted, double[] priority,
                                         int groupSize, boolean behindKept) {
        int[] position = new int[chosen.length];
        int tokens = chosen.length / k;
        for (int from = 0; from < tokens; from += groupSize) {
            int[] order = order(from, Math.min(from + groupSize, tokens), priority);
            int[] ahead = new int[experts];
            for (int level = 0; level < k; level++) {
                int[] arrived = new int[experts];
                for (int token : order) {
                    int choice = token * k + level;
                    int e = chosen[choice];
                    position[choice] = wanted == null || wanted[choice] ? ahead[e] + arrived[e]++ : -1;
                }
                for (int e = 0; e < experts; e++) {
                    ahead[e] += behindKept ? Math.clamp(capacity - ahead[e], 0, arrived[e]) : arrived[e];
                }
            }
        }
        return new CapacityQueue(capacity, position);
    }

    /** All choices of a token queue at once, tokens in their order. */
    public static CapacityQueue byToken(int capacity, int experts, int[] chosen) {
        return byToken(capacity, experts, chosen, null);
    }

    /** The same among those that are wanted. */
    public static CapacityQueue byToken(int capacity, int experts, int[] chosen, boolean[] wanted) {
        int[] arrived = new int[experts];
        return new CapacityQueue(capacity, IntStream.range(0, chosen.length)
            .map(choice -> wanted == null || wanted[choice] ? arrived[chosen[choice]]++ : -1).toArray());
    }

    /** The largest gates (T,K) of each expert are kept, the others don't queue; those kept stand in the order of tokens. */
    public static CapacityQueue byGate(int capacity, int experts, int[] chosen, boolean[] wanted, double[] gates) {
        int[] taken = new int[experts];
        boolean[] among = new boolean[chosen.length];
        IntStream.range(0, chosen.length).filter(choice -> wanted == null || wanted[choice]).boxed()
            .sorted(Comparator.comparingDouble(choice -> -gates[choice]))
            .forEach(choice -> among[choice] = taken[chosen[choice]]++ < capacity);
        return byToken(capacity, experts, chosen, among);
    }

    public boolean kept(int choice) {
        return position[choice] >= 0 && position[choice] < capacity;
    }

    /** How many choices are not kept, whether they queued or not. */
    public int dropped() {
        return (int) IntStream.range(0, position.length).filter(choice -> !kept(choice)).count();
    }

    /** (T,K) the expert of each kept choice, -1 elsewhere. */
    public int[] keptOf(int[] chosen) {
        return IntStream.range(0, chosen.length).map(choice -> kept(choice) ? chosen[choice] : -1).toArray();
    }

    /** (T,K) 1 for kept choices, 0 for others. */
    public double[] mask() {
        return IntStream.range(0, position.length).mapToDouble(choice -> kept(choice) ? 1 : 0).toArray();
    }

    private static int[] order(int from, int to, double[] priority) {
        IntStream tokens = IntStream.range(from, to);
        return priority == null ? tokens.toArray()
            : tokens.boxed().sorted(Comparator.comparingDouble(token -> -priority[token])).mapToInt(Integer::intValue).toArray();
    }
}
