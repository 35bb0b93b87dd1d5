package org.moe4j.backend;

import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;

/** Cases of the optimizer steps: Torch's Adam, its SparseAdam, and decoupled decay. */
final class AdamCases {
    private static final AdamStep[] STEPS = {
        new AdamStep(1e-2, 0.9, 0.999, 1e-8, 1.25, 1, 0.01), new AdamStep(3e-2, 0.9, 0.95, 1e-6, 1, 1, 0), new AdamStep(1e-3, 0, 0.99, 1e-8, 2, 0.99, 0)};

    private AdamCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("adam", 1, 1031, List.of(new int[] {100_003}), (on, run, n) -> {
                    for (AdamStep step : STEPS) {
                        Storage p = run.flags(step).input(n[0]);
                        Storage m = run.input(n[0]);
                        Storage v = run.input(n[0], 0.1, 1);
                        on.adam(step, p, run.input(n[0]), m, v);
                        keep(run, p, m, v);
                    }
                }),
                new BackendCase("adamRows", 2, 67, List.of(new int[] {3000, 33}), (on, run, n) -> {
                    for (AdamStep step : STEPS) {
                        IntStorage rows = IntStorage.of(IntStream.of(run.flags(step).slots(n[0], 2 * n[0] + 1).toArray()).distinct().toArray());   // one empty slot, as a rule
                        long table = (2L * n[0] + 1) * n[1];
                        Storage p = run.input(table);
                        Storage m = run.input(table);
                        Storage v = run.input(table, 0.1, 1);
                        on.adamRows(step, rows, n[1], p, run.input((long) rows.length() * n[1]), m, v);
                        keep(run, p, m, v);
                        RowIndex index = on.rowIndex(run.slots(3 * n[0], 2 * n[0] + 1), run::numbers);
                        on.adamRows(step, new RowSums(index, run.input(3L * n[0]), run.input((long) n[0] * n[1]), 3, n[1]), p, m, v);
                        keep(run, p, m, v);
                    }
                }));
    }

    static void keep(CaseRun run, Storage p, Storage m, Storage v) {
        run.keep("p", p, 8);
        run.keep("m", m, 4);
        run.keep("v", v, 4);
    }
}
