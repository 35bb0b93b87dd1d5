package org.moe4j.backend;

import java.util.List;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;

/** Cases of the methods on whole storages. */
final class StorageCases {
    private static final List<int[]> LARGE = List.of(new int[] {100_003}, new int[] {1 << 20});

    private StorageCases() {}

    static List<BackendCase> all() {
        return List.of(
                of("fill", (on, run, n) -> {
                    Storage x = run.output(n[0]);
                    on.fill(x, 1.25);
                    run.keep("x", x, 0);
                }),
                of("copy", (on, run, n) -> {
                    Storage y = run.output(n[0]);
                    on.copy(run.input(n[0]), y);
                    run.keep("y", y, 0);
                }),
                of("axpy", (on, run, n) -> {
                    Storage y = run.input(n[0]);
                    on.axpy(-0.75, run.input(n[0]), y);
                    run.keep("y", y, 1);
                }),
                of("scale", (on, run, n) -> {
                    Storage x = run.input(n[0]);
                    on.scale(1.7, x);
                    run.keep("x", x, 1);
                }),
                of("sumOfSquares", (on, run, n) -> {
                    run.keep("sum", on.sumOfSquares(run.input(n[0])), 1);
                    run.keep("sum of several", on.sumOfSquares(List.of(run.input(n[0]), run.input(3), run.input(n[0] / 2))), 1);
                    run.keep("sum of none", on.sumOfSquares(List.of()), 0);
                }),
                of("uniform", (on, run, n) -> {
                    Storage x = run.output(n[0]);
                    on.uniform(CounterRandom.of(n[0], "uniform"), -0.3, 2.5, x);
                    run.keep("x", x, 1);
                }),
                of("normal", (on, run, n) -> {
                    Storage x = run.output(n[0]);
                    on.normal(CounterRandom.of(n[0], "normal"), 0.02, x);
                    run.keep("x", x, 1);
                }));
    }

    private static BackendCase of(String method, BackendCase.Body body) {
        return new BackendCase(method, 1, 4098, LARGE, body);
    }
}
