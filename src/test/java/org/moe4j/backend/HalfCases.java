package org.moe4j.backend;

import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.StochasticRounding;
import org.moe4j.tensor.Storage;

/** Cases of the methods that take tables of bfloat16 values; sizes as those of {@link StorageCases}, {@link TableCases} and {@link AdamCases}. */
final class HalfCases {
    private static final boolean[] BOTH = {false, true};
    private static final StochasticRounding NOISE = StochasticRounding.of(CounterRandom.of(3, "noise"));

    private HalfCases() {}

    static List<BackendCase> all() {
        return List.of(
                whole("fill", (on, run, n) -> {
                    Storage x = run.halves(n[0]);
                    on.fill(x, 0.3);
                    run.keep("x", x, 0);
                }),
                whole("copy", (on, run, n) -> {
                    Storage half = run.halves(n[0]);
                    on.copy(run.input(n[0]), half);
                    Storage other = run.halves(n[0]);
                    on.copy(half, other);
                    Storage wide = run.output(n[0]);
                    on.copy(other, wide);
                    run.keep("half", half, 0);
                    run.keep("other", other, 0);
                    run.keep("wide", wide, 0);
                }),
                whole("copyAtRandom", (on, run, n) -> {
                    Storage x = run.halves(n[0]);
                    on.copyAtRandom(run.input(n[0]), NOISE, 17, x);
                    run.keep("x", x, 0);
                }),
                whole("sumOfSquares", (on, run, n) -> run.keep("sum", on.sumOfSquares(run.halves(n[0])), 1)),
                whole("uniform", (on, run, n) -> {
                    Storage x = run.halves(n[0]);
                    on.uniform(CounterRandom.of(n[0], "uniform"), -0.3, 2.5, x);
                    run.keep("x", x, 0);
                }),
                whole("normal", (on, run, n) -> {
                    Storage x = run.halves(n[0]);
                    on.normal(CounterRandom.of(n[0], "normal"), 0.02, x);
                    run.keep("x", x, 0);
                }),
                table("gatherRows", (on, run, n) -> {
                    Storage y = run.output((long) n[0] * n[2]);
                    on.gatherRows(run.halves((long) n[1] * n[2]), n[2], run.slots(n[0], n[1]), y);
                    run.keep("y", y, 0);
                }),
                table("gatherDot", (on, run, n) -> {
                    for (int perRow : new int[] {1, 4, 16, 37}) {
                        for (boolean add : BOTH) {
                            Storage s = run.flags(perRow, add).output((long) n[0] * perRow, add);
                            on.gatherDot(run.input((long) n[0] * n[2]), run.halves((long) n[1] * n[2]), n[2], run.slots(n[0] * perRow, n[1]), perRow, s, add);
                            run.keep("s", s, 8 + n[2]);
                        }
                    }
                }),
                table("gatherSum", (on, run, n) -> {
                    for (int perRow : new int[] {1, 4, 16, 37}) {
                        for (boolean add : BOTH) {
                            for (boolean weighted : BOTH) {
                                Storage y = run.flags(perRow, add, weighted).output((long) n[0] * n[2], add);
                                Storage weights = weighted ? run.input((long) n[0] * perRow) : null;
                                on.gatherSum(weights, run.halves((long) n[1] * n[2]), n[2], run.slots(n[0] * perRow, n[1]), perRow, y, add);
                                run.keep("y", y, 8 + perRow);
                            }
                        }
                    }
                }),
                new BackendCase("adamRows", 2, 67, List.of(new int[] {3000, 33}), (on, run, n) -> {
                    for (StochasticRounding rounding : new StochasticRounding[] {null, NOISE}) {
                        AdamStep step = new AdamStep(1e-2, 0.9, 0.999, 1e-8, 1.25, 0.99, 0.01).rounding(rounding);
                        IntStorage rows = IntStorage.of(IntStream.of(run.flags(rounding != null).slots(n[0], 2 * n[0] + 1).toArray()).distinct().toArray());
                        adam(on, run, step, rows, n);
                        adamOfSums(on, run, step, n);
                    }
                }));
    }

    private static void adam(Backend on, CaseRun run, AdamStep step, IntStorage rows, int[] n) {
        long table = (2L * n[0] + 1) * n[1];
        Storage p = run.halves(table);
        Storage m = run.halves(table);
        Storage v = run.halves(table, 0.1, 1);
        on.adamRows(step, rows, n[1], p, run.input((long) rows.length() * n[1]), m, v);
        AdamCases.keep(run, p, m, v);
    }

    private static void adamOfSums(Backend on, CaseRun run, AdamStep step, int[] n) {
        long table = (2L * n[0] + 1) * n[1];
        Storage p = run.halves(table);
        Storage m = run.halves(table);
        Storage v = run.halves(table, 0.1, 1);
        RowIndex index = on.rowIndex(run.slots(3 * n[0], 2 * n[0] + 1), run::numbers);
        on.adamRows(step, new RowSums(index, run.input(3L * n[0]), run.input((long) n[0] * n[1]), 3, n[1]), p, m, v);
        AdamCases.keep(run, p, m, v);
    }

    private static BackendCase whole(String method, BackendCase.Body body) {
        return new BackendCase(method, 1, 4098, List.of(new int[] {100_003}), body);
    }

    private static BackendCase table(String method, BackendCase.Body body) {
        return new BackendCase(method, 3, 33, List.of(new int[] {31, 33, 129}, new int[] {700, 1031, 67}, new int[] {300, 97, 256}), body);
    }
}
