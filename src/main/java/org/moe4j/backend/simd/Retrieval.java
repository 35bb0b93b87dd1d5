package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

import org.moe4j.tensor.HostInts;

/**
 * Retrieval by product keys from queries on. A task packs the sub-keys of a side once, makes the scores of {@link #BLOCK} rows at a time, which stay in the
 * second-level cache beside them, and keeps only the candidates; when it has those of both sides, it adds them up.
 */
final class Retrieval {
    /** Rows of scores made together, a multiple of the rows of the register tiles and of those that candidates are found for: 192 KiB of 1,024 each. */
    private static final int BLOCK = 48;
    /** Rows from which on packing the sub-keys anew, which costs the time of about ten, is worth another task. */
    private static final int LEAST = 96;
    /** Rows whose candidates are kept until both sides have theirs. */
    private static final int MOST = 512;

    private Retrieval() {}

    /** As {@link org.moe4j.backend.Backend#productKeys}. */
    static void run(Team team, FloatStorage q, FloatStorage first, FloatStorage second, int rows, int groups, int n, int width, int k, FloatStorage values, HostInts ids) {
        if (rows == 0) return;
        int group = rows / groups;
        int wanted = team.size() == 1 ? 1 : Sgemm.blocks(4 * team.size(), groups);
        int cuts = Math.max(Math.min(wanted, group / LEAST), Sgemm.blocks(group, MOST));
        int each = Sgemm.blocks(Sgemm.blocks(group, cuts), L) * L;
        int tasks = Sgemm.blocks(group, each);
        int ld = n + L; // not a multiple of 4 KiB, or a tile's rows would compete for few cache sets
        team.parallel(groups * tasks, task -> {
            int g = task / tasks;
            int row = task % tasks * each;
            int count = Math.min(each, group - row);
            int at = row * groups + g;
            ProductKeys best = new ProductKeys(n, k, k, each);
            for (int side = 0; side < 2; side++) {
                FloatStorage keys = side == 0 ? first : second;
                PackedRight packed = Scratch.mine().head(0);
                packed.pack(true, width, n, keys.array(), keys.offset() + g * n * width, width);
                float[] scores = Scratch.mine().scores(BLOCK * ld);
                for (int i = 0; i < count; i += BLOCK) {
                    int h = Math.min(BLOCK, count - i);
                    packed.product(h, q.array(), q.offset() + (2 * (at + i * groups) + side) * width, 2 * groups * width, scores, 0, ld);
                    best.candidates(side, i, h, scores, 0, ld);
                }
            }
            best.sums(count, values.array(), values.offset() + at * k, ids.array(), ids.from() + at * k, groups * k);
        });
    }
}
