package org.moe4j.backend;

import java.util.Arrays;
import java.util.List;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;

/** Cases of the methods that compute lists of whole numbers. */
final class WholeNumberCases {
    private static final List<int[]> LARGE = List.of(new int[] {5000, 64}, new int[] {40_000, 300_000}, new int[] {3000, 4098});

    private WholeNumberCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("rowIndex", 2, 129, LARGE, (on, run, n) -> {
                    RowIndex index = on.rowIndex(run.slots(n[0], n[1]), run::numbers);
                    int[] rows = Arrays.stream(index.rows().toArray()).takeWhile(row -> row >= 0).toArray();
                    run.keep("rows", IntStorage.of(rows));
                    run.keep("starts", index.starts().slice(0, rows.length + 1));
                    run.keep("order", index.order().slice(0, index.starts().get(rows.length)));
                    padded(index.rows(), rows.length);
                }),
                new BackendCase("groupIndex", 2, 129, LARGE, (on, run, n) -> {
                    GroupIndex index = on.groupIndex(run.slots(n[0], n[1]), n[1], run::numbers);
                    int counted = index.starts().get(n[1]);
                    run.keep("starts", index.starts());
                    run.keep("order", index.order().slice(0, counted));
                    run.keep("rank", index.rank());
                    padded(index.order(), counted);
                }),
                new BackendCase("firstOfGroups", 2, 129, LARGE, (on, run, n) -> {
                    IntStorage group = run.slots(n[0], n[1]);
                    GroupIndex index = on.groupIndex(group, n[1], run::numbers);
                    for (int most : new int[] {1, 5, 400}) {
                        IntStorage y = run.flags(most).numbers(n[0]);
                        on.firstOfGroups(index, most, group, y);
                        run.keep("y", y);
                    }
                }),
                new BackendCase("sendAtRandom", 1, 4098, List.of(new int[] {40_000}), (on, run, n) -> {
                    for (int k : new int[] {1, 2, 3}) {
                        IntStorage sent = run.flags(k).numbers(n[0] * k);
                        on.sendAtRandom(new CounterRandom(run.below(1000)), run.input((long) n[0] * k, 0, 1), 0.7, k, run.slots(n[0] * k, 64), sent);
                        run.keep("sent", sent);
                    }
                }),
                new BackendCase("copyInts", 2, 33, List.of(new int[] {500, 67}), (on, run, n) -> {
                    IntStorage x = run.slots(2 * n[0] * n[1] + 1, 1000);
                    IntStorage transposed = run.numbers(2 * n[0] * n[1]);
                    on.copyInts(new int[] {n[1], 2, n[0]}, x, new int[] {1, n[0] * n[1], n[1]}, transposed);
                    run.keep("transposed", transposed);
                    IntStorage columns = run.numbers(n[0] * Math.max(0, n[1] - 1));
                    on.copyInts(new int[] {n[0], Math.max(0, n[1] - 1)}, x, new int[] {n[1], 1}, columns);
                    run.keep("columns", columns);
                }),
                new BackendCase("markColumns", 2, 67, List.of(new int[] {5000, 64}), (on, run, n) -> {
                    for (int k : new int[] {1, 3}) {
                        IntStorage y = run.flags(k).numbers(n[0] * n[1]);
                        on.markColumns(run.slots(n[0] * k, n[1]), n[0], n[1], k, k, k - 1, y);
                        run.keep("y", y);
                    }
                }),
                new BackendCase("countInts", 2, 67, List.of(new int[] {5000, 64}, new int[] {30_000, 4}), (on, run, n) -> {
                    for (double[] scale : new double[][] {{1}, {0.3, 7, 1e-3}}) {
                        Storage counts = run.flags(scale.length).output((long) scale.length * n[1]);
                        on.countInts(run.slots(scale.length * n[0], n[1]), scale, n[1], counts);
                        run.keep("counts", counts, 1);
                    }
                }),
                new BackendCase("divideInts", 2, 67, List.of(new int[] {5000, 64}), (on, run, n) -> {
                    int side = Math.max(1, n[1]);
                    for (boolean remainder : new boolean[] {false, true}) {
                        for (int block : new int[] {1, 4, Math.max(1, n[0])}) {
                            IntStorage y = run.flags(remainder, block).numbers(n[0]);
                            on.divideInts(run.slots(n[0], side * side), side, remainder, block, side, y);
                            run.keep("y", y);
                        }
                    }
                }));
    }

    /** What stands after the numbers there are, where a back end does not count them. */
    private static void padded(IntStorage list, int counted) {
        if (Arrays.stream(list.toArray()).skip(counted).anyMatch(number -> number != -1)) {
            throw new AssertionError("after " + counted + " numbers, not only -1: " + Arrays.toString(list.toArray()));
        }
    }
}
