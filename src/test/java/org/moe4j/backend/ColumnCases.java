package org.moe4j.backend;

import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Cases of the methods that pick columns of each row; sizes are (rows, columns), of product keys (rows of a group, sub-keys, width). */
final class ColumnCases {
    private ColumnCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("gatherColumns", 2, 67, List.of(new int[] {5000, 64}), (on, run, n) -> {
                    for (int k : new int[] {1, 3, 16}) {
                        Storage y = run.flags(k).output((long) n[0] * k);
                        on.gatherColumns(run.input((long) n[0] * n[1]), n[0], n[1], run.slots(n[0] * k, n[1]), k, y);
                        run.keep("y", y, 0);
                    }
                }),
                new BackendCase("scatterAddColumns", 2, 67, List.of(new int[] {5000, 64}), (on, run, n) -> {
                    for (int k : new int[] {1, 3, 16}) {
                        Storage x = run.flags(k).input((long) n[0] * n[1]);
                        on.scatterAddColumns(run.input((long) n[0] * k), n[0], n[1], run.slots(n[0] * k, n[1]), k, x);
                        run.keep("x", x, 8 + k);
                    }
                }),
                new BackendCase("topK", 2, 129, List.of(new int[] {700, 64}, new int[] {9, 1031}, new int[] {37, 1031}, new int[] {33, 4098}), (on, run, n) -> {
                    int rows = n[0];
                    int cols = Math.max(1, n[1]);
                    for (int k : upTo(cols, 1, 2, 8, 16, 33, 200, cols)) {
                        topK(on, run.flags(k, "values"), rows, cols, k, run.input((long) rows * cols));
                        topK(on, run.flags(k, "ties"), rows, cols, k, run.levels((long) rows * cols));
                    }
                }),
                new BackendCase("productTopK", 2, 33, List.of(new int[] {300, 67}, new int[] {5, 1024}), (on, run, n) -> {
                    int rows = n[0];
                    int side = Math.max(1, n[1]);
                    for (int half : upTo(side, 1, 2, 5, 16, 20)) {
                        for (int k : upTo(half * half, 1, 3, half, 16)) {
                            Storage values = run.flags("half", half, "k", k).output((long) rows * k);
                            IntStorage ids = run.numbers(rows * k);
                            on.productTopK(run.levels((long) rows * side), run.levels((long) rows * side), rows, side, half, k, values, ids);
                            run.keep("values", values, 0);
                            run.keep("ids", ids);
                        }
                    }
                }),
                new BackendCase("productKeys", 3, 17, List.of(new int[] {100, 67, 5}, new int[] {49, 1024, 17}, new int[] {520, 300, 3}, new int[] {3, 40, 600}), (on, run, n) -> {
                    int side = Math.max(1, n[1]);
                    for (int groups : new int[] {1, 3}) {
                        int rows = groups * n[0];
                        Storage queries = run.levels(2L * rows * n[2]);
                        Storage first = run.levels((long) groups * side * n[2]);
                        Storage second = run.levels((long) groups * side * n[2]);
                        for (int k : upTo(side * side, 1, 3, 16, 40)) {
                            Storage values = run.flags("groups", groups, "k", k).output((long) rows * k);
                            IntStorage ids = run.numbers(rows * k);
                            on.productKeys(queries, first, second, rows, groups, side, n[2], k, values, ids, run::output, run::numbers);
                            run.keep("values", values, 0);
                            run.keep("ids", ids);
                        }
                    }
                }),
                new BackendCase("productKeysGrad", 3, 17, List.of(new int[] {100, 67, 5}, new int[] {49, 1024, 67}, new int[] {20, 300, 128}), (on, run, n) -> {
                    int side = Math.max(1, n[1]);
                    for (int groups : new int[] {1, 3}) {
                        int rows = groups * n[0];
                        for (int k : upTo(side * side, 1, 3, 16)) {
                            productKeysGrad(on, run.flags("groups", groups, "k", k), 0, rows, groups, side, n[2], k, true, true, false);
                            productKeysGrad(on, run.flags("groups", groups, "k", k), 1, rows, groups, side, n[2], k, true, true, true);
                            productKeysGrad(on, run.flags("groups", groups, "k", k), 1, rows, groups, side, n[2], k, false, true, false);
                            productKeysGrad(on, run.flags("groups", groups, "k", k), 0, rows, groups, side, n[2], k, true, false, true);
                        }
                    }
                }));
    }

    private static void productKeysGrad(Backend on, CaseRun run, int side, int rows, int groups, int n, int width, int k, boolean ofQueries, boolean ofKeys, boolean add) {
        Storage q = run.input(2L * rows * width);
        Storage keys = run.input((long) groups * n * width);
        IntStorage ids = IntStorage.of(Arrays.stream(run.slots(rows * k, n * n).toArray()).map(id -> Math.max(id, 0)).toArray()); // none is empty
        Storage dy = run.input((long) rows * k);
        Storage dq = ofQueries ? run.input(2L * rows * width) : null; // half of it stays
        Storage dkeys = ofKeys ? run.output(keys.size(), add) : null;
        on.productKeysGrad(side, q, keys, rows, groups, n, width, k, ids, dy, dq, add, dkeys, add, run::output, run::numbers);
        if (ofQueries) {
            run.keep("dq", dq, 8 + k);
        }
        if (ofKeys) {
            run.keep("dkeys", dkeys, 8 + 2 * rows * k / groups);
        }
    }

    private static void topK(Backend on, CaseRun run, int rows, int cols, int k, Storage x) {
        Storage values = run.output((long) rows * k);
        IntStorage columns = run.numbers(rows * k);
        on.topK(x, rows, cols, k, values, columns);
        run.keep("values", values, 0);
        run.keep("columns", columns);
    }

    private static TreeSet<Integer> upTo(int most, int... candidates) {
        TreeSet<Integer> fitting = new TreeSet<>();
        for (int candidate : candidates) {
            fitting.add(Math.min(most, candidate));
        }
        return fitting;
    }
}
