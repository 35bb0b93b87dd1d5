package org.moe4j.experts;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Which choices find a place in the experts' buffers, as {@link CapacityQueue} says, by lists of the back end's own, so that a device is not
 * waited for. A choice is kept if fewer than C stand before it in the queue of its expert. That later choices queue behind those that were kept,
 * instead of all before them, changes where they stand and not who is kept: where some were not, the buffer is full.
 */
final class Buffers {
    private Buffers() {}

    /** The expert of each of the first {@code capacity} choices of every expert, -1 of the others; {@code sent} is in the order of the queues. */
    static IntStorage inOrder(Tape t, int capacity, int experts, IntStorage sent) {
        GroupIndex queues = t.backend().groupIndex(sent, experts, t::ints);
        IntStorage kept = t.ints(sent.length());
        t.backend().firstOfGroups(queues, capacity, sent, kept);
        return kept;
    }

    /**
     * The same where first choices of a whole group queue before second choices, and so on.
     *
     * @param sent (T,K) the experts of the choices that queue, -1 for others
     * @param groupSize tokens of a group, consecutive, of which T are a multiple; each has buffers of its own
     */
    static IntStorage byChoice(Tape t, int capacity, int experts, int k, IntStorage sent, int groupSize) {
        int groups = sent.length() / k / groupSize;
        IntStorage byLevel = moved(t, sent, groups, groupSize, k);                 // (groups, K, group size)
        IntStorage buffer = t.ints(sent.length());                                 // of an expert for a group
        t.backend().divideInts(byLevel, 1, false, k * groupSize, experts, buffer);
        IntStorage kept = inOrder(t, capacity, groups * experts, buffer);
        IntStorage expert = t.ints(sent.length());
        t.backend().divideInts(kept, experts, true, kept.length(), 0, expert);
        return moved(t, expert, groups, k, groupSize);
    }

    /** Lists (groups, rows, columns) with the last two axes exchanged. */
    private static IntStorage moved(Tape t, IntStorage list, int groups, int rows, int columns) {
        IntStorage moved = t.ints(list.length());
        t.backend().copyInts(new int[] {groups, columns, rows}, list, new int[] {rows * columns, 1, columns}, moved);
        return moved;
    }

    /** 1 for the choices that are kept, 0 for others. */
    static Variable mask(Tape t, IntStorage kept, int experts, Shape shape) {
        return t.reshape(t.gatherColumns(t.filled(Shape.of(1, experts), 1), kept, kept.length()), shape.dims());
    }

    /** How many of the choices that were sent are not kept; waits for a device. */
    static int dropped(IntStorage sent, IntStorage kept) {
        return filled(sent) - filled(kept);
    }

    private static int filled(IntStorage list) {
        int filled = 0;
        for (int number : list.toArray()) {
            filled += number < 0 ? 0 : 1;
        }
        return filled;
    }
}
