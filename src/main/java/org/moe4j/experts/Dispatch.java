package org.moe4j.experts;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;

/**
 * The slots of a routing sorted by expert, tokens ascending within an expert: the order in which a bank computes them. Dropped
 * slots have no place in it. On a device, where R would have to be waited for, R is S, and the rows that are left over are empty slots.
 *
 * @param starts (E+1) expert e works on rows starts[e] to starts[e+1]
 * @param tokens (R) the token of each row
 * @param slots (R) the slot of each row
 * @param rows (S) the row of each slot, -1 if it was dropped
 */
public record Dispatch(IntStorage starts, IntStorage tokens, IntStorage slots, IntStorage rows) {
    /** The experts that have rows, ascending; waits for a device. */
    public int[] touched() {
        int[] start = starts.toArray();
        return IntStream.range(0, start.length - 1).filter(e -> start[e + 1] > start[e]).toArray();
    }

    /** A stable sort, so rows follow the tokens where the routing does. Lives as long as the tape. */
    public static Dispatch of(Tape t, Routing routing) {
        GroupIndex byExpert = t.backend().groupIndex(routing.expert(), routing.experts(), t::ints);
        IntStorage slots = byExpert.order();
        return new Dispatch(byExpert.starts(), tokens(t, routing, slots), slots, byExpert.rank());
    }

    private static IntStorage tokens(Tape t, Routing routing, IntStorage slots) {
        if (routing.perToken() == 0) {
            return IntStorage.of(Arrays.stream(slots.toArray()).map(s -> s < 0 ? -1 : routing.tokenOf(s)).toArray());
        }
        IntStorage tokens = t.ints(slots.length());
        t.backend().divideInts(slots, routing.perToken(), false, slots.length(), 0, tokens);
        return tokens;
    }
}
