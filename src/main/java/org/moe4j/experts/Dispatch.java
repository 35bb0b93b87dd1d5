package org.moe4j.experts;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The slots of a routing sorted by expert, tokens ascending within an expert: the order in which a bank computes them. Dropped
 * slots have no place in it.
 *
 * @param starts (E+1) expert e works on rows starts[e] to starts[e+1]
 * @param tokens (R) the token of each row
 * @param slots (R) the slot of each row
 * @param rows (S) the row of each slot, -1 if it was dropped
 */
public record Dispatch(int[] starts, int[] tokens, int[] slots, int[] rows) {
    /** The experts that have rows, ascending. */
    public int[] touched() {
        return IntStream.range(0, starts.length - 1).filter(e -> starts[e + 1] > starts[e]).toArray();
    }

    /** A counting sort; stable, so rows follow the tokens where the routing does. */
    public static Dispatch of(Routing routing) {
        int[] expert = routing.expert();
        int[] starts = new int[routing.experts() + 1];
        for (int e : expert) {
            if (e >= 0) {
                starts[e + 1]++;
            }
        }
        for (int e = 0; e < routing.experts(); e++) {
            starts[e + 1] += starts[e];
        }
        int[] next = starts.clone();
        int[] tokens = new int[starts[routing.experts()]];
        int[] slots = new int[tokens.length];
        int[] rows = new int[expert.length];
        Arrays.fill(rows, -1);
        for (int s = 0; s < expert.length; s++) {
            if (expert[s] >= 0) {
                int row = next[expert[s]]++;
                tokens[row] = routing.token()[s];
                slots[row] = s;
                rows[s] = row;
            }
        }
        return new Dispatch(starts, tokens, slots, rows);
    }
}
