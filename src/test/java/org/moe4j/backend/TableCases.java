package org.moe4j.backend;

import java.util.Arrays;
import java.util.List;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;

/** Cases of the methods that pick rows of a table; sizes are (tokens or slots, rows of the table, width). */
final class TableCases {
    private static final boolean[] BOTH = {false, true};
    private static final List<int[]> LARGE = List.of(new int[] {31, 33, 129}, new int[] {700, 1031, 67}, new int[] {300, 97, 256}, new int[] {1031, 4, 33});

    private TableCases() {}

    static List<BackendCase> all() {
        return List.of(
                of("gatherRows", (on, run, n) -> {
                    Storage y = run.output((long) n[0] * n[2]);
                    on.gatherRows(run.input((long) n[1] * n[2]), n[2], run.slots(n[0], n[1]), y);
                    run.keep("y", y, 0);
                }),
                of("scatterRows", (on, run, n) -> {
                    Storage table = run.input((long) n[1] * n[2]);
                    RowIndex index = RowIndex.of(run.slots(n[0], n[1]).toArray());
                    int[] rows = Arrays.copyOf(index.rows().toArray(), n[0]);
                    Arrays.fill(rows, index.count(), n[0], -1);
                    on.scatterRows(run.input((long) n[0] * n[2]), n[2], IntStorage.of(rows), null, table);
                    run.keep("table", table, 0);
                }),
                of("scatterAddRows", (on, run, n) -> {
                    Storage table = run.input((long) n[1] * n[2]);
                    on.scatterAddRows(run.input((long) n[0] * n[2]), n[2], run.slots(n[0], n[1]), table);
                    run.keep("table", table, 8 + n[0]);
                }),
                of("gatherDot", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 4, 16}) {
                        for (boolean add : BOTH) {
                            Storage s = run.flags(perRow, add).output((long) n[0] * perRow, add);
                            on.gatherDot(run.input((long) n[0] * n[2]), run.input((long) n[1] * n[2]), n[2], run.slots(n[0] * perRow, n[1]), perRow, s, add);
                            run.keep("s", s, 8 + n[2]);
                        }
                    }
                }),
                of("gatherSum", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 4, 16}) {
                        for (boolean add : BOTH) {
                            for (boolean weighted : BOTH) {
                                Storage y = run.flags(perRow, add, weighted).output((long) n[0] * n[2], add);
                                Storage weights = weighted ? run.input((long) n[0] * perRow) : null;
                                on.gatherSum(weights, run.input((long) n[1] * n[2]), n[2], run.slots(n[0] * perRow, n[1]), perRow, y, add);
                                run.keep("y", y, 8 + perRow);
                            }
                        }
                    }
                }),
                of("singleNeurons", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 9, 40}) {
                        Storage s = run.flags(perRow).output((long) n[0] * perRow);
                        Storage y = run.output((long) n[0] * n[2]);
                        on.singleNeurons(Unary.GELU, run.input((long) n[0] * n[2]), run.input((long) n[1] * n[2]), run.input((long) n[1] * n[2]), n[2],
                                run.slots(n[0] * perRow, n[1]), perRow, run.input((long) n[0] * perRow), s, y, run.output(2L * n[0] * perRow));
                        run.keep("s", s, 8 + n[2]);
                        run.keep("y", y, 8 + perRow * (8 + n[2]));
                    }
                }),
                of("singleNeuronsGrad", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 9, 40}) {
                        for (boolean wanted : BOTH) {
                            long slots = (long) n[0] * perRow;
                            Storage dgates = wanted ? run.flags(perRow, wanted).input(slots) : null;
                            Storage weights = run.output(slots);
                            Storage ds = run.output(slots);
                            Storage dx = wanted ? run.input((long) n[0] * n[2]) : null;
                            on.singleNeuronsGrad(Unary.SILU, run.input((long) n[0] * n[2]), run.input((long) n[1] * n[2]), run.input((long) n[1] * n[2]), n[2],
                                    run.slots(n[0] * perRow, n[1]), perRow, run.input(slots), run.input(slots, -4, 4), dgates, weights, ds, dx, run.output(2 * slots));
                            run.keep("weights", weights, 16);
                            run.keep("ds", ds, 16 + 2 * n[2]);
                            if (wanted) {
                                run.keep("dgates", dgates, 16 + 2 * n[2]);
                                run.keep("dx", dx, 16 + perRow * (16 + n[2]));
                            }
                        }
                    }
                }),
                of("rowGradient", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 16}) {
                        for (boolean weighted : BOTH) {
                            for (boolean add : BOTH) {
                                RowSums sums = sums(on, run, n, perRow, weighted);
                                Storage grad = run.flags(perRow, weighted, add).output(sums.size(), add);
                                on.rowGradient(sums, grad, add);
                                run.keep("grad", grad, 8 + 2 * n[0] * perRow);
                                run.keep("sumOfSquares", on.sumOfSquares(sums), 8 + 2 * n[0] * perRow);
                            }
                        }
                    }
                }),
                of("tableGradient", (on, run, n) -> {
                    for (int perRow : new int[] {1, 3, 16}) {
                        for (boolean weighted : BOTH) {
                            for (boolean add : BOTH) {
                                RowSums sums = sums(on, run, n, perRow, weighted);
                                Storage grad = run.flags(perRow, weighted, add).output((long) n[1] * n[2], add);
                                on.tableGradient(sums, grad, add, run.output(sums.size()));
                                run.keep("grad", grad, 8 + 2 * n[0] * perRow);
                            }
                        }
                    }
                }));
    }

    private static RowSums sums(Backend on, CaseRun run, int[] n, int perRow, boolean weighted) {
        RowIndex index = on.rowIndex(run.slots(n[0] * perRow, n[1]), run::numbers);
        Storage coefficients = weighted ? run.input((long) n[0] * perRow) : null;
        return new RowSums(index, coefficients, run.input((long) n[0] * n[2]), perRow, n[2]);
    }

    private static BackendCase of(String method, BackendCase.Body body) {
        return new BackendCase(method, 3, 17, LARGE, body);
    }
}
