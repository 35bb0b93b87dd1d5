package org.moe4j.tensor;

import java.util.function.IntFunction;

/**
 * A list of group numbers sorted by group, stable: the places of group g are {@code order[starts[g]..starts[g + 1])}, ascending, and the
 * one at {@code order[r]} has {@code rank} r. Negative group numbers are left out, and have rank -1.
 *
 * <p>A back end that would have to wait to learn how many places have a group gives {@code order} as long as the list is; what is left of
 * it is then -1.
 *
 * @param starts (groups + 1)
 */
public record GroupIndex(IntStorage starts, IntStorage order, IntStorage rank) {
    /**
     * A counting sort.
     *
     * @param memory gives a list of the length wanted for what is found
     */
    public static GroupIndex of(HostInts group, int groups, IntFunction<? extends IntStorage> memory) {
        HostInts starts = HostInts.of(memory.apply(groups + 1));
        int[] next = new int[groups + 1];
        for (int p = 0; p < group.length(); p++) {
            if (group.get(p) >= 0) {
                next[group.get(p) + 1]++;
            }
        }
        for (int g = 0; g < groups; g++) {
            next[g + 1] += next[g];
        }
        System.arraycopy(next, 0, starts.array(), starts.from(), groups + 1);
        HostInts order = HostInts.of(memory.apply(next[groups]));
        HostInts rank = HostInts.of(memory.apply(group.length()));
        for (int p = 0; p < group.length(); p++) {
            int g = group.get(p);
            rank.set(p, g < 0 ? -1 : next[g]);
            if (g >= 0) {
                order.set(next[g]++, p);
            }
        }
        return new GroupIndex(starts, order, rank);
    }
}
